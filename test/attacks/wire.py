"""A switch in user space: one TAP for each namespace, and faults between them that the kernel's netem would make.

Arguments: names of namespaces. The first TAP stays here, for the observer, whose frames are never held back.
Reads lines of JSON: {"delayMs": one way, "loss": 0 to 1, "groups": [of each namespace]}; frames between groups are lost.
"""
import fcntl, heapq, json, os, random, select, struct, subprocess, sys, time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x0002, 0x1000
MAX_WAITING = 20000


def tap(name):
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


prefix, *spaces = sys.argv[1:]
ports = [tap(f'{prefix}{n}') for n in range(len(spaces) + 1)]
for number, space in enumerate(spaces, 1):
    subprocess.run(['ip', 'link', 'set', f'{prefix}{number}', 'netns', space], check=True)
print('ready', flush=True)

rules = {'delayMs': 0, 'loss': 0, 'groups': [0] * len(spaces)}
where, waiting, serial, unread = {}, [], 0, b''
poll = select.poll()
for fd in [0, *ports]:
    poll.register(fd, select.POLLIN)
port_of = {fd: n for n, fd in enumerate(ports)}


def send(port, frame):
    try:
        os.write(ports[port], frame)
    except OSError:
        pass  # the other end is down, or full


def pass_on(source, frame):
    global serial
    where[frame[6:12]] = source
    target = where.get(frame[:6])
    for port in [target] if target is not None and not frame[0] & 1 else range(len(ports)):
        if port == source:
            continue
        if port == 0 or source == 0:
            send(port, frame)
        elif rules['groups'][port - 1] == rules['groups'][source - 1] and random.random() >= rules['loss'] and len(waiting) < MAX_WAITING:
            serial += 1
            heapq.heappush(waiting, (time.monotonic() + rules['delayMs'] / 1000, serial, port, frame))


while True:
    due = max(0, waiting[0][0] - time.monotonic()) * 1000 if waiting else None
    for fd, _ in poll.poll(due):
        if fd == 0:
            # not readline: it would keep a second line to itself
            told = os.read(0, 65536)
            if told == b'':
                sys.exit(0)
            *lines, unread = (unread + told).split(b'\n')
            for line in lines:
                rules.update(json.loads(line))
        else:
            try:
                while True:
                    pass_on(port_of[fd], os.read(fd, 65536))
            except BlockingIOError:
                pass
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, port, frame = heapq.heappop(waiting)
        send(port, frame)
