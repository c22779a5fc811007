/** The frame of every page of somebody who is signed in: navigation, account, theme, palette, keys. */
import { BookOpen, Keyboard, LogOut, Menu as MenuIcon, Monitor, Moon, Search, Sun, UserCog } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { Link, useLocation } from 'wouter'
import { codeOf, sentenceOf } from '../api/ask.ts'
import { environment, firstEnvironment } from '../api/environment.ts'
import { signedOut, useSession } from '../api/session.ts'
import { sessions } from '../api/sessions.ts'
import { startAnew } from '../session/anew.ts'
import { Logo } from '../session/gate.tsx'
import { stopListening } from '../session/listening.ts'
import { IconButton } from '../ui/controls.tsx'
import { Menu } from '../ui/menu.tsx'
import { setTheme, type Theme, useTheme } from '../ui/theme.ts'
import { toast } from '../ui/toast.tsx'
import { leave } from '../ui/unsaved.ts'
import { EnvironmentSwitch } from './environment.tsx'
import { helpFor } from './help.ts'
import { KeysHelp, useKeys } from './keys.tsx'
import { useLive } from './live.ts'
import { type NavigationItem, useNavigation } from './navigation.ts'
import { Palette } from './palette.tsx'
import { useScroll } from './scroll.ts'

export function Frame({ children }: { readonly children: ReactNode }) {
  const [location, navigate] = useLocation()
  const [isPaletteOpen, setPaletteOpen] = useState(false)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [isNavOpen, setNavOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const shown = useNavigation()
  useLive()
  useKeys(
    shown,
    navigate,
    () => setPaletteOpen(true),
    () => setHelpOpen(true),
  )
  useScroll(main, location)
  // biome-ignore lint/correctness/useExhaustiveDependencies: what leads to another page has done its work
  useEffect(() => setNavOpen(false), [location])
  useEffect(() => {
    if (!isNavOpen) return undefined
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setNavOpen(false)
    addEventListener('keydown', close)
    return () => removeEventListener('keydown', close)
  }, [isNavOpen])

  return (
    <div className="frame">
      <a className="btn skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <IconButton label="Open the navigation" onPress={() => setNavOpen(true)} aria-expanded={isNavOpen}>
          <MenuIcon size={18} aria-hidden />
        </IconButton>
        <strong>
          Strongroom
          {environment === firstEnvironment ? null : <span className="sub">{environment}</span>}
        </strong>
        <IconButton label="Search and commands" onPress={() => setPaletteOpen(true)}>
          <Search size={18} aria-hidden />
        </IconButton>
      </header>
      {isNavOpen ? (
        <button type="button" className="scrim" aria-label="Close the navigation" onClick={() => setNavOpen(false)} />
      ) : null}
      <Side
        isOpen={isNavOpen}
        shown={shown}
        location={location}
        onSearch={() => setPaletteOpen(true)}
        onHelp={() => setHelpOpen(true)}
      />
      <main className="main" id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <Palette isOpen={isPaletteOpen} onClose={() => setPaletteOpen(false)} onHelp={() => setHelpOpen(true)} />
      <KeysHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} items={shown} />
    </div>
  )
}

const groups = ['Secrets', 'Access', 'Account'] as const

function Side({
  isOpen,
  shown,
  location,
  onSearch,
  onHelp,
}: {
  readonly isOpen: boolean
  readonly shown: readonly NavigationItem[]
  readonly location: string
  readonly onSearch: () => void
  readonly onHelp: () => void
}) {
  const { account } = useSession()
  const isHere = (path: string) =>
    path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`)
  return (
    <aside className={`side ${isOpen ? 'open' : ''}`}>
      <div className="side-head">
        <Logo size={28} />
        <span className="name">
          Strongroom
          <span className="sub">{account.name}</span>
        </span>
      </div>
      <AriaButton className="search-btn" onPress={onSearch}>
        <Search size={14} aria-hidden />
        Search
        <kbd className="kbd">{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </AriaButton>
      <EnvironmentSwitch />
      <nav className="nav" aria-label="Pages">
        {groups.map((group) => {
          const inGroup = shown.filter((item) => item.group === group)
          if (inGroup.length === 0) return null
          return (
            <div key={group} className="nav">
              {group === 'Secrets' ? null : <div className="nav-group">{group}</div>}
              {inGroup.map(({ path, label, icon: Icon }) => (
                <Link key={path} href={path} aria-current={isHere(path) ? 'page' : undefined}>
                  <Icon size={16} aria-hidden />
                  {label}
                </Link>
              ))}
            </div>
          )
        })}
      </nav>
      <div className="nav side-help">
        <a href={helpFor(location)} target="_blank" rel="noopener">
          <BookOpen size={16} aria-hidden />
          Docs for this page
        </a>
      </div>
      <div className="side-foot">
        <WhoMenu onHelp={onHelp} />
        <ThemeMenu />
      </div>
    </aside>
  )
}

const isMac = /mac|iphone|ipad/i.test(navigator.platform)

function WhoMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { user } = useSession()
  const [, navigate] = useLocation()
  const signOut = async () => {
    await stopListening()
    try {
      await sessions.signOut()
    } catch (error) {
      // A session that has ended is what was asked for.
      if (codeOf(error) !== 'unauthenticated') {
        toast(`You are still signed in: ${sentenceOf(error)}`, true)
        return
      }
    }
    signedOut()
    startAnew()
  }
  return (
    <Menu
      label="Your user"
      trigger={
        <AriaButton className="who">
          <span className="avatar" aria-hidden>
            {initialsOf(user.name)}
          </span>
          <span className="name">{user.name}</span>
        </AriaButton>
      }
      head={
        <div className="menu-head">
          {user.email} · {user.role}
        </div>
      }
      entries={[
        {
          id: 'own',
          label: 'Sign-in and sessions',
          icon: <UserCog size={15} aria-hidden />,
          onAction: () => navigate('/settings'),
        },
        { id: 'keys', label: 'Keyboard shortcuts', icon: <Keyboard size={15} aria-hidden />, onAction: onHelp },
        {
          id: 'out',
          label: 'Sign out',
          icon: <LogOut size={15} aria-hidden />,
          onAction: () => leave(() => void signOut()),
        },
      ]}
    />
  )
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '')
  return `${words[0]?.[0] ?? '?'}${words.length > 1 ? (words.at(-1)?.[0] ?? '') : ''}`.toUpperCase()
}

const looks: Record<Theme, { readonly label: string; readonly icon: ReactNode }> = {
  system: { label: 'As the system', icon: <Monitor size={15} aria-hidden /> },
  light: { label: 'Light', icon: <Sun size={15} aria-hidden /> },
  dark: { label: 'Dark', icon: <Moon size={15} aria-hidden /> },
}

function ThemeMenu() {
  const chosen = useTheme()
  return (
    <Menu
      label="Theme"
      trigger={
        <AriaButton className="btn icon quiet" aria-label={`Theme: ${looks[chosen].label}`}>
          {looks[chosen].icon}
        </AriaButton>
      }
      entries={(['system', 'light', 'dark'] as const).map((id) => ({
        id,
        label: looks[id].label,
        icon: looks[id].icon,
        onAction: () => setTheme(id),
      }))}
    />
  )
}
