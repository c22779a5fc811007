/** Writes secrets in any of the formats that can be exported. */
import { invalid } from '../errors.ts'
import type { Entry } from './entry.ts'
import { type ExportFormat, exportFormats } from './formats.ts'
import { writeK8s, writeTfvars } from './write-data.ts'
import { writeDotenv } from './write-dotenv.ts'
import { writeDocker, writeGithub, writeShell } from './write-env.ts'
import { writeJson, writeYaml } from './write-json.ts'

const writers = {
  dotenv: writeDotenv,
  json: writeJson,
  yaml: writeYaml,
  shell: writeShell,
  docker: writeDocker,
  k8s: writeK8s,
  github: writeGithub,
  tfvars: writeTfvars,
} as const satisfies Record<ExportFormat, unknown>

/** @throws Refusal `invalid` naming the format */
export function exportFormatOf(word: string): ExportFormat {
  const found = exportFormats.find((format) => format === word)
  if (found === undefined) throw invalid('--format', `Must be one of ${exportFormats.join(', ')}.`)
  return found
}

/**
 * @param name what a manifest is called
 * @throws Refusal `invalid` naming a secret that the format cannot carry, which it never changes to make it fit
 */
export function writeEntries(entries: readonly Entry[], format: ExportFormat, name: string): string {
  return writers[format](entries, name)
}
