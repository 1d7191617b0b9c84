import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CodedError } from '../../domain/errors.ts'
import { defineDriver } from '../driver.ts'
import { parseProfileCsv } from '../profile-csv.ts'
import { profileMeter } from '../profile.ts'

/** Plays back a recorded home, at its own dates or from another start. */
export const csvReplay = defineDriver({
  type: 'csv-replay',
  title: 'Recorded home from a CSV file',
  testedWith: 'own data',
  params: [
    { name: 'file', type: 'text', isRequired: true, description: 'Path of a file with the columns period_start, load_kwh and pv_kwh.' },
    { name: 'start', type: 'whole', min: 0, description: 'Unix time at which the recording begins, instead of its own.' }
  ],
  async connect (params, { now }) {
    const file = String(params.file)
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new CodedError('DEVICE_BAD_PROFILE', `${file} cannot be read; check that the file exists and may be read.`, { cause, details: { file } })
    })
    const profile = parseProfileCsv(text, basename(file))
    return profileMeter({ ...profile, start: typeof params.start === 'number' ? params.start : profile.start }, now)
  }
})
