/** Writes secrets in any of the formats that can be exported. */
import { invalid } from '../errors.ts'
import type { Entry } from './entry.ts'
import { writeJson, writeK8s, writeTfvars, writeYaml } from './write-data.ts'
import { writeDocker, writeDotenv, writeGithub, writeShell } from './write-env.ts'

const writers = {
  dotenv: writeDotenv,
  json: writeJson,
  yaml: writeYaml,
  shell: writeShell,
  docker: writeDocker,
  k8s: writeK8s,
  github: writeGithub,
  tfvars: writeTfvars,
} as const

export type ExportFormat = keyof typeof writers

const formats: readonly string[] = Object.keys(writers)

/** @throws Refusal `invalid` naming the format */
export function exportFormatOf(word: string): ExportFormat {
  if (isFormat(word)) return word
  throw invalid('--format', `Must be one of ${formats.join(', ')}.`)
}

function isFormat(word: string): word is ExportFormat {
  return Object.hasOwn(writers, word)
}

/**
 * @param name what a manifest is called
 * @throws Refusal `invalid` naming a secret that the format cannot carry, which it never changes to make it fit
 */
export function writeEntries(entries: readonly Entry[], format: ExportFormat, name: string): string {
  return writers[format](entries, name)
}
