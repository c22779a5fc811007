/** What types of secrets are called, and what they are for. */
export const types = [
  { id: 'text', label: 'Text', more: 'read as it is' },
  { id: 'file', label: 'File', more: 'any bytes, in base64' },
  { id: 'template', label: 'Template', more: `text that refers to other secrets, such as \${{secret.db-password}}` },
] as const

export type Type = (typeof types)[number]['id']

export function isType(text: string | null): text is Type {
  return types.some(({ id }) => id === text)
}

export function typeLabel(type: string): string {
  return types.find(({ id }) => id === type)?.label ?? type
}
