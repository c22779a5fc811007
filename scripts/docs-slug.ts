/** The anchors that GitHub gives the headings of a document. */

/** @param taken those of the headings before, to which it is added */
export function anchorOf(heading: string, taken: Set<string>): string {
  const slug = slugOf(heading)
  let anchor = slug
  for (let count = 1; taken.has(anchor); count++) anchor = `${slug}-${count}`
  taken.add(anchor)
  return anchor
}

/** Before those that are alike are counted. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
