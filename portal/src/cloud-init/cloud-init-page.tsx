export function CloudInitPage() {
  return null
}
