/** Writes secrets as files, as the command does. In a file of its own, loaded when it is needed. */
import type { Entry } from '../../../src/formats/entry.ts'
import { writeDotenv } from '../../../src/formats/write-dotenv.ts'
import { writeJson, writeYaml } from '../../../src/formats/write-json.ts'

const writers = { dotenv: writeDotenv, json: writeJson, yaml: writeYaml } as const

export type ExportFormat = keyof typeof writers

/** @throws Error naming a secret that the format cannot carry, which it never changes to make it fit */
export function written(entries: readonly Entry[], format: ExportFormat): string {
  try {
    return writers[format](entries)
  } catch (error) {
    // Its advice is for the command.
    const text = error instanceof Error ? error.message : 'It cannot be written.'
    throw new Error(text.replaceAll(/ with --only\b/g, '').replaceAll(/\b(k8s|shell)(, | or )/g, ''))
  }
}
