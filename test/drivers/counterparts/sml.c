/* Prints what libsml reads in the frames on its standard input: code, value, scaler and unit, a line each. */
#include <stdio.h>
#include <unistd.h>
#include <sml/sml_file.h>
#include <sml/sml_transport.h>
#include <sml/sml_value.h>

static void receive(unsigned char *buffer, size_t length) {
  sml_file *file = sml_file_parse(buffer + 8, length - 16);
  for (int i = 0; i < file->messages_len; i++) {
    sml_message *message = file->messages[i];
    if (*message->message_body->tag != SML_MESSAGE_GET_LIST_RESPONSE) continue;
    sml_get_list_response *body = (sml_get_list_response *) message->message_body->data;
    for (sml_list *entry = body->val_list; entry != NULL; entry = entry->next) {
      if (entry->value == NULL || (entry->value->type & SML_TYPE_FIELD) == SML_TYPE_OCTET_STRING) continue;
      unsigned char *code = entry->obj_name->str;
      printf("%d.%d.%d %.0f %d %d\n", code[2], code[3], code[4], sml_value_to_double(entry->value),
             entry->scaler == NULL ? 0 : *entry->scaler, entry->unit == NULL ? 0 : *entry->unit);
    }
  }
  puts("end");
  fflush(stdout);
  sml_file_free(file);
}

int main(void) {
  sml_transport_listen(STDIN_FILENO, &receive);
  return 0;
}
