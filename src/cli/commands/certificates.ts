import { Command } from 'commander'
import { readNamedKeyFile } from '../../config/key-file.ts'
import { DAY_SEC, exportOfDay } from '../../domain/certificate.ts'
import { CodedError } from '../../domain/errors.ts'
import { isMetered } from '../../domain/reading.ts'
import { formatEnergy } from '../../domain/units.ts'
import { dataOption, jsonOption, runningNode, whole } from '../options.ts'
import { dayOf, print, printJson, table } from '../output.ts'
import { homeSetup, ownerKeyOption, ownerSetup } from '../owner.ts'
import type { CertifiedRegister, CertificateView } from '../../chain/certificates.ts'
import type { Config } from '../../config/schema.ts'
import type { Account } from '../../domain/units.ts'
import type { HomeOptions, OwnerOptions } from '../owner.ts'

const POLL_MS = 500

export function certificatesCommand (): Command {
  const command = new Command('certificates')
    .enablePositionalOptions()
    .description('certificates of exported energy; off unless certificates.enabled is true')
  command.command('deploy').description('deploy the certificates of a chain, once for everybody, or verify those that are there')
    .requiredOption('--rpc <url>', 'where to reach the chain')
    .requiredOption('--key <file>', 'file with the private key that pays for the transaction, readable by you only; it has no rights afterwards')
    .option('--chain <id>', 'refuse any chain but this', whole(1, Number.MAX_SAFE_INTEGER))
    .addOption(jsonOption())
    .action(deploy)
  command.command('mint').description('mint the certificate of one day from the running node\'s readings')
    .argument('<day>', 'day of UTC that is over, such as 2026-06-21')
    .option('--allow-gaps', 'mint although readings are missing; what they would have shown is lost for ever')
    .addOption(dataOption()).addOption(ownerKeyOption()).addOption(jsonOption())
    .action(mint)
  command.command('retire').description('use up certificates of one day, so that nobody can use them again')
    .argument('<day>', 'day of UTC, such as 2026-06-21')
    .argument('[wh]', 'how many Wh; all the owner holds unless told', whole(1, Number.MAX_SAFE_INTEGER))
    .addOption(dataOption()).addOption(ownerKeyOption()).addOption(jsonOption())
    .action(retire)
  command.command('list').description('certificates of this home\'s meter: minted, retired, and held by the owner')
    .option('--days <n>', 'of the last n days', whole(1, 366), 31)
    .addOption(dataOption()).addOption(jsonOption())
    .action(list)
  return command
}

async function deploy (options: { readonly rpc: string, readonly key: string, readonly chain?: number, readonly json?: boolean }): Promise<void> {
  const { deployCertificates } = await import('../../chain/certificates.ts')
  const { contract, created } = await deployCertificates({ rpcUrl: options.rpc, privateKey: readNamedKeyFile(options.key), chainId: options.chain, pollMs: POLL_MS })
  if (options.json === true) {
    printJson({ contract, created: created ?? null })
    return
  }
  print(`The certificates are at ${contract}, as on every chain, and their code is right.`)
  print(created == null ? 'They were there already: nothing was sent.' : `  transaction   ${created.tx}\n  block         ${created.block}\n  gas           ${created.gasUsed}`)
}

async function mint (day: string, options: OwnerOptions & { readonly allowGaps?: boolean, readonly json?: boolean }): Promise<void> {
  const setup = await ownerSetup(options)
  requireEnabled(setup.config)
  const number = dayNumber(day)
  const [{ CERTIFICATES_ADDRESS, createCertificateMoves, certificateId }, { dailyExportDigest, exportMeterId }, { signDigest }] = await Promise.all([
    import('../../chain/certificates.ts'), import('../../signing/digests.ts'), import('../../signing/keys.ts')
  ])
  const records = await (await runningNode(options)).readings()
  const { wh, missingSec } = exportOfDay(number, records.filter(isMetered), setup.config.market.periodSec)
  if (missingSec > 0 && options.allowGaps !== true) {
    throw new CodedError('USAGE_DAY_INCOMPLETE',
      `Readings for ${formatHours(missingSec)} of ${day} are missing, and a day is certified only once: wait until the node has them, or give --allow-gaps to certify ${formatEnergy(wh)}.`)
  }
  const meter = exportMeterId({ attester: setup.meterKey })
  const daily = { attester: setup.meterKey, meter, day: number, wh, capacityW: setup.config.certificates.capacityW, to: setup.owner }
  const signature = signDigest(dailyExportDigest(daily, { chainId: setup.chain.chainId, contract: CERTIFICATES_ADDRESS }), setup.meterPrivateKey)
  const { tx } = await createCertificateMoves(setup).mint(daily, signature)
  const id = certificateId(setup.meterKey, meter, number)
  if (options.json === true) {
    printJson({ tx, id, day, wh, missingSec })
  } else {
    print(`The certificate of ${day} is minted: ${formatEnergy(wh)} for ${setup.owner}.`)
  }
}

async function retire (day: string, wh: number | undefined, options: OwnerOptions & { readonly json?: boolean }): Promise<void> {
  const setup = await ownerSetup(options)
  requireEnabled(setup.config)
  const { createCertificateMoves } = await import('../../chain/certificates.ts')
  const [view] = await views(setup, { meterKey: setup.meterKey, days: [dayNumber(day)] })
  if (view == null || view.heldWh === 0n) {
    throw new CodedError('USAGE_NO_CERTIFICATE', `The owner of this home holds no certificate of its meter for ${day}: look at \`wattmesh certificates list\`.`)
  }
  const amount = wh == null ? view.heldWh : BigInt(wh)
  const { tx } = await createCertificateMoves(setup).retire(view.id, amount)
  if (options.json === true) {
    printJson({ tx, id: view.id, day, wh: Number(amount) })
  } else {
    print(`${formatEnergy(Number(amount))} of ${day} are retired: nobody can use them again.`)
  }
}

async function list (options: HomeOptions & { readonly days: number, readonly json?: boolean }): Promise<void> {
  const setup = homeSetup(options)
  requireEnabled(setup.config)
  const { attester, time } = await (await runningNode(options)).status()
  const today = Math.floor(time / DAY_SEC)
  const days = Array.from({ length: options.days }, (_, back) => today - back)
  const found = await views({ ...setup, owner: setup.config.owner }, { meterKey: attester as Account, days })
  if (options.json === true) {
    printJson(found.map((view) => ({ ...view, day: dayOf(view.day * DAY_SEC) })))
    return
  }
  if (found.length === 0) {
    print(`No certificate of this home's meter was minted for the last ${options.days} days.`)
    return
  }
  const energy = (wh: bigint): string => formatEnergy(Number(wh))
  const rows = found.map((view) => [dayOf(view.day * DAY_SEC), energy(view.mintedWh), energy(view.retiredWh), energy(view.heldWh), view.id])
  table(['day (UTC)', 'minted', 'retired', 'held', 'id'], rows, [1, 2, 3]).forEach((line) => { print(line) })
}

async function views ({ chain, owner }: Pick<Awaited<ReturnType<typeof ownerSetup>>, 'chain' | 'owner'>, { meterKey, days }: { meterKey: Account, days: number[] }): Promise<CertificateView[]> {
  const [{ readCertificates }, { exportMeterId }] = await Promise.all([import('../../chain/certificates.ts'), import('../../signing/digests.ts')])
  const register: CertifiedRegister = { attester: meterKey, meter: exportMeterId({ attester: meterKey }), days, holder: owner }
  return readCertificates(register, chain)
}

function requireEnabled ({ certificates }: Config): void {
  if (!certificates.enabled) {
    throw new CodedError('CONFIG_CERTIFICATES_OFF', 'Certificates are off in this home: set certificates.enabled to true and certificates.capacityW to what your generator can give.')
  }
}

/** Days since 1970 of a date such as 2026-06-21. Throws `USAGE_BAD_DAY`. */
function dayNumber (text: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN
  if (!Number.isFinite(time) || time < 0 || dayOf(time / 1000) !== text) {
    throw new CodedError('USAGE_BAD_DAY', `"${text}" is not a day: write it as 2026-06-21.`)
  }
  return time / 1000 / DAY_SEC
}

function formatHours (seconds: number): string {
  return `${(seconds / 3600).toFixed(2).replace(/\.?0+$/, '')} h`
}
