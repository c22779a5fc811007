/** The portal's start: takes the one-time token out of the address, then shows the page that the address names. */
import './style/tokens.css'
import './style/base.css'
import './style/controls.css'
import './style/frame.css'
import './style/secrets.css'
import './style/pages.css'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { takeLoginCode } from './api/logins.ts'
import { App } from './app.tsx'
import { keepPresses } from './ui/presses.ts'
import { applyTheme } from './ui/theme.ts'
import { guardLeaving } from './ui/unsaved.ts'

applyTheme()
guardLeaving()
keepPresses()

/** Kept in memory alone, so that it stays in no history and no address bar. */
const welcomeToken = takeToken()
takeLoginCode()

function takeToken(): string | undefined {
  if (!location.pathname.endsWith('/welcome')) return undefined
  const token = location.hash.slice(1)
  if (token !== '') history.replaceState(null, '', location.pathname)
  return token === '' ? undefined : token
}

const queries = new QueryClient({
  defaultOptions: {
    // The client repeats what may be repeated; every listing is recorded, so none is asked for without need.
    queries: { retry: false, staleTime: 30_000, gcTime: 300_000 },
    mutations: { retry: false },
  },
})

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no root.')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App welcomeToken={welcomeToken} />
    </QueryClientProvider>
  </StrictMode>,
)
