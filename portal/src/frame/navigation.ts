/** The pages: where they are, what they are called, and what one needs to see them. */
import {
  Blocks,
  FileCode2,
  FolderClosed,
  Gauge,
  Handshake,
  KeyRound,
  type LucideIcon,
  PackageCheck,
  ScrollText,
  Server,
  Settings,
  Users,
} from 'lucide-react'
import { useRights } from '../session/rights.ts'

export interface NavigationItem {
  readonly path: string
  readonly label: string
  readonly icon: LucideIcon
  /** The second key after `g`. */
  readonly key: string
  readonly group: 'Secrets' | 'Access' | 'Account'
  readonly right?: string
}

const items: readonly NavigationItem[] = [
  { path: '/', label: 'Overview', icon: Gauge, key: 'o', group: 'Secrets' },
  { path: '/secrets', label: 'Secrets', icon: Blocks, key: 's', group: 'Secrets', right: 'secrets:list' },
  { path: '/lists', label: 'Lists', icon: FolderClosed, key: 'l', group: 'Secrets', right: 'secrets:list' },
  { path: '/cloud-init', label: 'Cloud-init', icon: FileCode2, key: 'c', group: 'Secrets', right: 'secrets:list' },
  {
    path: '/deployments',
    label: 'Deployments',
    icon: PackageCheck,
    key: 'd',
    group: 'Secrets',
    right: 'secrets:list',
  },
  { path: '/keys', label: 'API keys', icon: KeyRound, key: 'k', group: 'Access', right: 'keys:manage' },
  { path: '/trust-rules', label: 'Trust rules', icon: Handshake, key: 'r', group: 'Access', right: 'keys:manage' },
  { path: '/machines', label: 'Machines', icon: Server, key: 'm', group: 'Access', right: 'account:manage' },
  { path: '/users', label: 'Users', icon: Users, key: 'u', group: 'Access', right: 'account:manage' },
  { path: '/audit', label: 'Audit', icon: ScrollText, key: 'a', group: 'Account', right: 'audit:read' },
  { path: '/settings', label: 'Settings', icon: Settings, key: 't', group: 'Account' },
]

/** The pages that whoever is signed in may see. */
export function useNavigation(): readonly NavigationItem[] {
  const rights = useRights()
  return items.filter(({ right }) => right === undefined || rights.has(right))
}
