/** What the formats are called that can be imported and exported: words alone, and nothing that reads or writes them. */

export const importFormats = [
  'dotenv',
  'json',
  'yaml',
  'vault',
  'doppler',
  'infisical',
  'bitwarden',
  '1password',
  'aws',
] as const

export type ImportFormat = (typeof importFormats)[number]

export const exportFormats = ['dotenv', 'json', 'yaml', 'shell', 'docker', 'k8s', 'github', 'tfvars'] as const

export type ExportFormat = (typeof exportFormats)[number]
