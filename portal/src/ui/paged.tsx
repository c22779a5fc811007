/** A long listing: shown as far as it is wanted, searched through page by page, and said how far that is. */
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { useSearchParams } from 'wouter'
import type { Pages } from '../api/queries.ts'
import { CardFoot } from './card.tsx'
import { Button, SearchInput } from './controls.tsx'
import { changed } from './search.ts'
import { Loaded } from './states.tsx'
import { counted } from './words.ts'

/** So many are shown at once; a browser takes long to lay out thousands. */
const step = 100
/** So few need no search. */
const few = 8

interface Layout<T> {
  readonly children: (shown: readonly T[], found: readonly T[]) => ReactNode
}

interface Shown<T> {
  readonly of: Pages<T>
  /** What one is called, such as `key`. */
  readonly noun: string
  /** What is searched in. */
  readonly textOf: (thing: T) => string
  /** Whether it is shown at all. */
  readonly isShown?: (thing: T) => boolean
  /** Beside the search. */
  readonly choices?: ReactNode
  /** What is shown where there are none, nor anything was searched for. */
  readonly empty?: ReactNode
}

/** @param children gives an `Item` with a key */
export function PagedItems<T>({ children, ...shown }: Shown<T> & { readonly children: (thing: T) => ReactNode }) {
  return <Paged {...shown}>{(things) => <ul className="items">{things.map(children)}</ul>}</Paged>
}

/** The same, laid out by what is given: those that are shown, of all that are found so far. What is searched for is in the address. */
export function Paged<T>(shown: Shown<T> & Layout<T>) {
  const [query] = useSearchParams()
  const text = query.get('q') ?? ''
  return <Loaded of={shown.of}>{(all) => <Found key={text} {...shown} all={all} text={text} />}</Loaded>
}

function Found<T>({
  of: pages,
  all,
  text,
  noun,
  textOf,
  isShown = () => true,
  choices,
  empty,
  children,
}: Shown<T> & Layout<T> & { readonly all: readonly T[]; readonly text: string }) {
  const [wanted, setWanted] = useState(step)
  const words = useMemo(() => text.toLowerCase().split(/\s+/).filter(Boolean), [text])
  const found = all.filter((one) => isShown(one) && hasWords(textOf(one), words))
  const isLooking = useMore(pages, found.length < wanted)
  const hasSearch = pages.hasMore || all.length > few || text !== ''
  return (
    <>
      {hasSearch || isGiven(choices) ? (
        <div className="list-bar">
          {hasSearch ? <Search label={`Search ${noun}s`} text={text} /> : null}
          {choices}
          <span className="hint" role="status">
            {extentOf(pages, { found: found.length, loaded: all.length, isLooking, noun })}
          </span>
        </div>
      ) : null}
      {found.length > 0 ? children(found.slice(0, wanted), found) : null}
      {found.length > 0 || isLooking || pages.hasMore ? null : text === '' ? (
        empty
      ) : (
        <p className="card-pad muted">No {noun}s match your search.</p>
      )}
      {found.length > wanted || pages.hasMore ? (
        <CardFoot>
          <Button onPress={() => setWanted(wanted + step)} isDisabled={isLooking}>
            {isLooking ? 'Loading…' : 'Show more'}
          </Button>
        </CardFoot>
      ) : null}
    </>
  )
}

/** Loads page after page while more are wanted. @returns whether it does */
function useMore<T>({ hasMore, isLoadingMore, loadMore, error }: Pages<T>, isWanted: boolean): boolean {
  const isLooking = isWanted && hasMore && error === null
  useEffect(() => {
    if (isLooking && !isLoadingMore) loadMore()
  }, [isLooking, isLoadingMore, loadMore])
  return isLooking
}

/** What searches for one that was just made, by its name: it comes last, which is far away where there are many. */
export function useFindMade<T>({ hasMore }: Pages<T>): (name: string) => void {
  const search = useSearch()
  return (name) => {
    if (hasMore) search(name)
  }
}

function useSearch(): (text: string) => void {
  const [, setQuery] = useSearchParams()
  return (text) => setQuery((old) => changed(old, { q: text }), { replace: true })
}

function Search({ label, text }: { readonly label: string; readonly text: string }) {
  return <SearchInput label={label} value={text} onValue={useSearch()} />
}

function extentOf<T>(
  { hasMore }: Pages<T>,
  { found, loaded, isLooking, noun }: { found: number; loaded: number; isLooking: boolean; noun: string },
): string {
  if (isLooking) return `${found.toLocaleString('en')} found, ${counted(loaded, noun)} searched…`
  if (hasMore) return `${found.toLocaleString('en')} found in the first ${counted(loaded, noun)}`
  return found === loaded ? counted(found, noun) : `${found.toLocaleString('en')} of ${counted(loaded, noun)}`
}

function isGiven(choices: ReactNode): boolean {
  return choices !== undefined && choices !== null
}

function hasWords(text: string, words: readonly string[]): boolean {
  if (words.length === 0) return true
  const whole = text.toLowerCase()
  return words.every((word) => whole.includes(word))
}
