/**
 * Variables that decide what programs load and run, or whom they trust: no secret becomes one of them by its name. The
 * command, exports and the GitHub Action share this list. In capitals, as many programs read theirs in small letters too.
 */

/** Whatever begins so. */
const beginnings = ['LD_', 'DYLD_', '_RLD', 'BASH_FUNC_', 'STRONGROOM_']

/**
 * The settings of one program: whatever begins so, but what is called a password or a token, which many of these
 * programs take in such a variable, and none runs.
 */
const settings = [
  ...['XDG_', 'TERMINFO', 'SYSTEMD_', 'GIT_', 'NPM_CONFIG_', 'PNPM_CONFIG_', 'YARN_', 'BUN_', 'NODE_GYP_', 'PYTHON'],
  ...['PIP_', 'PIPENV_', 'PYTEST_', 'UV_', 'VIRTUALENV_', 'CONDA_', 'IPYTHON', 'JUPYTER_', 'ANSIBLE_', 'PERL', 'RUBY'],
  ...['BUNDLER_', 'LUA_', 'ERL_', 'ELIXIR_', 'MIX_', 'GUILE_', 'OCAML', 'GHC_', 'CABAL_', 'JULIA_', 'R_', 'OCTAVE_'],
  ...['DOTNET_', 'COREHOST_', 'CORECLR_', 'COR_', 'COMPLUS_', 'MSBUILD', 'CMAKE_', 'CTEST_', 'PKG_CONFIG', 'CCACHE_'],
  ...['DISTCC_', 'SCCACHE_', 'CGO_', 'RUSTC', 'RUSTDOC', 'RUSTUP_', 'CARGO_', 'TF_CLI_', 'TERRAGRUNT_', 'CLOUDSDK_'],
  ...['KUBECTL_', 'HELM_', 'BUILDX_', 'CONTAINERS_', 'VAGRANT_', 'OPENSSL_', 'GNUTLS_', 'GTK_', 'GIO_', 'GST_PLUGIN'],
  ...[
    'UWSGI_',
    'AWS_ENDPOINT_URL_',
    'PLAYWRIGHT_',
    'QT_',
    'QML',
    'MAGICK_',
    'FONTCONFIG_',
    'GROFF_',
    'EMACS',
    'VIM',
    'TMUX',
  ],
]
const isCredential =
  /_(?:TOKENS?|PASSWORD|PASSPHRASE|PASSWD|SECRET|API_?KEY|ACCESS_KEY|AUTH|USER|USERNAME|CREDENTIALS)$/

/** What variables of any program are called that name a command, a library or flags. */
const endings =
  /_(?:PASSWORD_COMMAND|PASS_?COMMAND|ASKPASS|EDITOR|PAGER|RSH|BROWSER|JAVA_OPTS|JAVA_OPTIONS|JVM_OPTS|SYMBOLIZER_PATH|HOOK_PATH|EXECUTABLE_PATH)$/

/** Those by themselves. */
const names = new Set([
  // Where programs are looked for, and what shells run, split by, or show.
  ...['CI', 'PATH', 'PATHEXT', 'HOME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'LOCALAPPDATA'],
  ...['PROGRAMDATA', 'PROGRAMFILES', 'SHELL', 'COMSPEC', 'SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'PSMODULEPATH'],
  ...['PWD', 'OLDPWD', 'CDPATH', 'TMPDIR', 'TEMP', 'TMP', 'TMPPREFIX', 'ZDOTDIR', 'FPATH', 'MODULE_PATH', 'IFS', 'ENV'],
  ...['BASH_ENV', 'BASHOPTS', 'BASH_LOADABLES_PATH', 'BASH_XTRACEFD', 'SHELLOPTS', 'EXECIGNORE', 'GLOBIGNORE'],
  ...['PROMPT_COMMAND', 'PROMPT', 'PS0', 'PS1', 'PS2', 'PS3', 'PS4', 'HISTFILE', 'INPUTRC', 'MAILPATH', 'TERM'],
  ...['TERMCAP', 'TEXTDOMAIN', 'TEXTDOMAINDIR', 'POSIXLY_CORRECT', 'FISH_USER_PATHS', 'FISH_FUNCTION_PATH'],
  // Numbers of shells: what is assigned to them is computed, and computing runs what is in it.
  ...['RANDOM', 'SRANDOM', 'SECONDS', 'EPOCHSECONDS', 'LINENO', 'OPTIND', 'OPTERR', 'COLUMNS', 'LINES', 'HISTCMD'],
  ...['HISTSIZE', 'HISTFILESIZE', 'SAVEHIST', 'TMOUT', 'KEYTIMEOUT', 'LISTMAX', 'LOGCHECK', 'MAILCHECK', 'SHLVL'],
  ...['DIRSTACKSIZE', 'UID', 'EUID', 'GID', 'EGID', 'PPID', 'BASHPID', 'ERRNO', 'FUNCNEST', 'REPORTTIME', 'TTYIDLE'],
  ...['REPORTMEMORY', 'TRY_BLOCK_ERROR', 'TRY_BLOCK_INTERRUPT', 'NULLCMD', 'READNULLCMD', 'STTY', 'POSTEDIT'],
  // What is loaded into every process, and how names are found.
  ...['GCONV_PATH', 'GLIBC_TUNABLES', 'LOCPATH', 'NLSPATH', 'GETCONF_DIR', 'MALLOC_TRACE', 'RESOLV_HOST_CONF'],
  ...['RES_OPTIONS', 'LOCALDOMAIN', 'HOSTALIASES', 'NIS_PATH', 'TZDIR', 'LIBPATH', 'SHLIB_PATH'],
  // What programs start: editors, pagers, askers.
  ...['LESS', 'LESSOPEN', 'LESSCLOSE', 'LESSKEY', 'LESSKEYIN', 'LESSKEY_SYSTEM', 'LESSEDIT', 'SSH_ASKPASS'],
  ...['SSH_ASKPASS_REQUIRE', 'SSH_AUTH_SOCK', 'SSH_SK_PROVIDER', 'SSH_SK_HELPER', 'SSH_PKCS11_HELPER', 'SUDO_ASKPASS'],
  ...['SUDO_EDITOR', 'SUDO_PROMPT', 'SVN_SSH', 'SVN_EDITOR', 'HG', 'HGRCPATH', 'HGEDITOR', 'HGMERGE', 'RSYNC_RSH'],
  ...['RSYNC_CONNECT_PROG', 'RSYNC_PROXY', 'GNUPGHOME', 'GPG_AGENT_INFO'],
  ...['EDITOR', 'VISUAL', 'FCEDIT', 'KUBE_EDITOR', 'PAGER', 'MANPAGER', 'MANOPT', 'MORE', 'BROWSER', 'CVS_RSH'],
  ...['EXINIT', 'NVIM_APPNAME', 'MYVIMRC', 'SCREENRC', 'SYSSCREENRC', 'MAILCAPS', 'MAILRC', 'WGETRC', 'SYSTEM_WGETRC'],
  ...[
    'CURL_HOME',
    'NETRC',
    'BAT_PAGER',
    'DELTA_PAGER',
    'PSQLRC',
    'PSQL_PAGER',
    'PSQL_EDITOR',
    'PSQL_EDITOR_LINENUMBER_ARG',
  ],
  ...['PGSYSCONFDIR', 'PGSERVICEFILE', 'MYSQL_HOME', 'LIBMYSQL_PLUGINS', 'LIBMYSQL_PLUGIN_DIR', 'LYNX_CFG'],
  // Compilers and what builds.
  ...['CC', 'CXX', 'CPP', 'LD', 'AR', 'AS', 'NM', 'FC', 'RANLIB', 'STRIP', 'OBJCOPY', 'MAKE', 'MAKEFLAGS', 'MFLAGS'],
  ...['GNUMAKEFLAGS', 'MAKEFILES', 'MAKEOVERRIDES', 'MAKESHELL', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'CPATH'],
  ...['C_INCLUDE_PATH', 'CPLUS_INCLUDE_PATH', 'OBJC_INCLUDE_PATH', 'LIBRARY_PATH', 'COMPILER_PATH', 'GCC_EXEC_PREFIX'],
  ...['DEPENDENCIES_OUTPUT', 'SUNPRO_DEPENDENCIES', 'CONFIG_SITE', 'CONFIG_SHELL', 'M4PATH', 'ACLOCAL_PATH'],
  ...['GRADLE_OPTS', 'GRADLE_HOME', 'GRADLE_USER_HOME', 'NUGET_PACKAGES', 'NUGET_PLUGIN_PATHS'],
  ...['NUGET_NETCORE_PLUGIN_PATHS', 'NUGET_NETFX_PLUGIN_PATHS'],
  ...['BAZELISK_BASE_URL', 'BAZEL_SH', 'GCCGO', 'GOFLAGS', 'GOPROXY', 'GOPRIVATE', 'GONOPROXY', 'GONOSUMDB'],
  ...[
    'GONOSUMCHECK',
    'GOSUMDB',
    'GOINSECURE',
    'GOENV',
    'GOROOT',
    'GOPATH',
    'GOBIN',
    'GOTOOLCHAIN',
    'GOTOOLDIR',
    'GOAUTH',
  ],
  ...['GOCACHE', 'GOCACHEPROG', 'GOMODCACHE', 'GOVCS', 'GODEBUG', 'GOWORK', 'GOEXPERIMENT', 'RUSTFLAGS'],
  // What interpreters load.
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE', 'NODE_REPL_HISTORY', 'NODE_REDIRECT_WARNINGS'],
  ...['NODE_V8_COVERAGE', 'NODE_COMPILE_CACHE', 'NODE_ICU_DATA', 'NODE_USE_ENV_PROXY', 'NODE_EXTRA_CA_CERTS'],
  ...['NODE_TLS_REJECT_UNAUTHORIZED', 'DENO_DIR', 'DENO_CERT', 'DENO_V8_FLAGS', 'TS_NODE_PROJECT', 'BABEL_CONFIG_FILE'],
  ...['VIRTUAL_ENV', 'COVERAGE_PROCESS_START', 'POETRY_HOME', 'POETRY_CONFIG_DIR', 'GEM_HOME', 'GEM_PATH', 'GEMRC'],
  ...[
    'IRBRC',
    'JRUBY_OPTS',
    'JRUBY_HOME',
    'RAKEOPT',
    'PHPRC',
    'PHP_INI_SCAN_DIR',
    'PHP_BINARY',
    'CONDARC',
    'BUNDLE_GEMFILE',
    'BUNDLE_PATH',
    'BUNDLE_BIN',
    'BUNDLE_APP_CONFIG',
    'BUNDLE_USER_CONFIG',
    'BUNDLE_USER_HOME',
    'BUNDLE_USER_PLUGIN',
    'COMPOSER',
    'COMPOSER_HOME',
    'COMPOSER_BIN_DIR',
  ],
  ...['COMPOSER_VENDOR_DIR', 'LUA_INIT', 'TCLLIBPATH', 'TCL_LIBRARY', 'TK_LIBRARY', 'GHCRTS', 'CAML_LD_LIBRARY_PATH'],
  ...['AWKPATH', 'AWKLIBPATH', 'BC_ENV_ARGS', 'GS_LIB', 'GS_OPTIONS', 'TEXINPUTS', 'TEXMFCNF'],
  ...['JAVA_HOME', 'JAVA_OPTS', 'JAVA_ARGS', 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS', 'JVM_OPTS'],
  ...['JDK_JAVAC_OPTIONS', 'IBM_JAVA_OPTIONS', 'OPENJ9_JAVA_OPTIONS', 'CLASSPATH', 'MAVEN_OPTS', 'MAVEN_ARGS'],
  ...['MAVEN_CONFIG', 'MAVEN_HOME', 'M2_HOME', 'MAVEN_CMD_LINE_ARGS', 'MAVEN_DEBUG_OPTS', 'MAVEN_PROJECTBASEDIR'],
  ...[
    'ANT_ARGS',
    'ANT_OPTS',
    'ANT_HOME',
    'SBT_OPTS',
    'CATALINA_OPTS',
    'CATALINA_HOME',
    'CATALINA_BASE',
    'LEIN_JVM_OPTS',
  ],
  ...['ASPNETCORE_HOSTINGSTARTUPASSEMBLIES', 'LIBGL_DRIVERS_PATH', 'LIBVA_DRIVERS_PATH', 'OCL_ICD_VENDORS'],
  ...['VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'VK_ADD_DRIVER_FILES', 'VK_LAYER_PATH', 'VK_ADD_LAYER_PATH'],
  ...['GDK_PIXBUF_MODULE_FILE'],
  // Archivers, backups, finders, debuggers, version managers: what these run, load or read their settings from.
  ...[
    'TAR_OPTIONS',
    'ZIPOPT',
    'UNZIPOPT',
    'APT_CONFIG',
    'DPKG_ROOT',
    'DPKG_ADMINDIR',
    'RPM_CONFIGDIR',
    'RCLONE_CONFIG',
  ],
  ...['RCLONE_SFTP_SSH', 'RCLONE_METADATA_MAPPER', 'BORG_REMOTE_PATH', 'FZF_DEFAULT_COMMAND', 'FZF_DEFAULT_OPTS'],
  ...[
    'FZF_DEFAULT_OPTS_FILE',
    'RIPGREP_CONFIG_PATH',
    'BAT_CONFIG_PATH',
    'ACKRC',
    'PRYRC',
    'GVIMINIT',
    'ELINKS_CONFDIR',
  ],
  ...['PASSWORD_STORE_EXTENSIONS_DIR', 'PASSWORD_STORE_ENABLE_EXTENSIONS', 'PASSWORD_STORE_GPG_OPTS', 'VALGRIND_LIB'],
  ...['VALGRIND_OPTS', 'QEMU_LD_PREFIX', 'WINEDLLOVERRIDES', 'ELECTRON_RUN_AS_NODE', 'P4CONFIG', 'P4DIFF', 'P4EDITOR'],
  ...['P4MERGE', 'NIX_PATH', 'NIX_CONFIG', 'NIX_USER_CONF_FILES', 'PYENV_ROOT', 'RBENV_ROOT', 'NVM_DIR', 'ASDF_DIR'],
  ...['ASDF_DATA_DIR', 'VOLTA_HOME', 'SDKMAN_DIR', 'DIRENV_CONFIG', 'STARSHIP_CONFIG', 'SHELL_ESCAPE', 'OPENOUT_ANY'],
  ...['KAFKA_OPTS', 'HADOOP_OPTS', 'SPARK_SUBMIT_OPTS', 'VAULT_CONFIG_PATH', 'PACKER_CONFIG', 'PACKER_PLUGIN_PATH'],
  ...['ODBCINI', 'ODBCSYSINI', 'ODBCINSTINI', 'TNS_ADMIN', 'ORACLE_HOME', 'GSS_MECH_CONFIG', 'ALSA_CONFIG_PATH'],
  ...['LADSPA_PATH', 'GNUPLOT_LIB', 'GNUPLOT_DRIVER_DIR'],
  // Whose configuration says what to run, or whom to ask.
  ...[
    'TF_DATA_DIR',
    'TF_PLUGIN_CACHE_DIR',
    'TF_REATTACH_PROVIDERS',
    'TG_TF_PATH',
    'TG_CONFIG',
    'TF_LOG_PATH',
    'TERRAFORM_CONFIG',
    'KUBECONFIG',
  ],
  ...['DOCKER_HOST', 'DOCKER_CONFIG', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'CONTAINER_HOST', 'COMPOSE_FILE'],
  ...['COMPOSE_ENV_FILES', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_PAGER', 'AWS_CA_BUNDLE'],
  ...['AWS_ENDPOINT_URL', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AZURE_CONFIG_DIR', 'AZURE_EXTENSION_DIR'],
  ...['GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES', 'KRB5_CONFIG', 'LDAPCONF', 'LDAPRC', 'SASL_PATH', 'SOFTHSM2_CONF'],
  // What make runs by the rules that it has from the beginning, and what makes its files.
  ...['LEX', 'YACC', 'RM', 'PC', 'CO', 'GET', 'LINT', 'M4', 'TEX', 'TANGLE', 'CTANGLE', 'WEAVE', 'CWEAVE', 'MAKEINFO'],
  ...['TEXI2DVI', 'ARFLAGS', 'ASFLAGS', 'FFLAGS', 'LFLAGS', 'YFLAGS', 'COFLAGS', 'GFLAGS', 'LDLIBS', 'LOADLIBES'],
  ...['ACLOCAL', 'AUTOCONF', 'AUTOHEADER', 'AUTOMAKE', 'AUTOM4TE', 'LIBTOOL', 'LIBTOOLIZE', 'SCONSFLAGS'],
  // Modules, plugins, hooks and commands of single programs.
  ...['ASAN_OPTIONS', 'LSAN_OPTIONS', 'MSAN_OPTIONS', 'TSAN_OPTIONS', 'UBSAN_OPTIONS', 'LLDB_DEBUGSERVER_PATH'],
  ...['DJANGO_SETTINGS_MODULE', 'FLASK_APP', 'GUNICORN_CMD_ARGS', 'CELERY_CONFIG_MODULE', 'MPLBACKEND', 'MPLCONFIGDIR'],
  ...['REBAR_CONFIG', 'CLJ_CONFIG', 'LEIN_HOME', 'HEX_HOME', 'PEAR_CONF', 'WP_CLI_CONFIG_PATH', 'WP_CLI_CUSTOM_SHELL'],
  ...['PULUMI_HOME', 'PULUMI_PYTHON_CMD', 'SOPS_AGE_KEY_CMD', 'SOPS_GPG_EXEC', 'KUSTOMIZE_PLUGIN_HOME', 'KREW_ROOT'],
  ...['DOCKER_CLI_PLUGIN_EXTRA_DIRS', 'BUILDKIT_HOST', 'GH_HOST', 'GH_CONFIG_DIR', 'REDISCLI_RCFILE', 'PNPM_HOME'],
  ...['VCPKG_ROOT', 'CONAN_HOME', 'CONAN_USER_HOME', 'PIPX_HOME', 'PRE_COMMIT_HOME', 'TORCH_HOME', 'CUDA_HOME'],
  ...['CHROME_PATH', 'CHROME_BIN', 'PSEXECUTIONPOLICYPREFERENCE'],
  // Whom to trust, and through whom to speak.
  ...['PGSSLROOTCERT', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_EC2_METADATA_SERVICE_ENDPOINT'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'FTP_PROXY', 'SOCKS_PROXY', 'GRPC_PROXY', 'SSL_CERT_FILE'],
  ...['SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'SSLKEYLOGFILE'],
])

/** What the runner of GitHub Actions sets, or takes for an input or a state of a step. */
const ofRunner = ['GITHUB_', 'RUNNER_', 'ACTIONS_', 'INPUT_', 'STATE_']

/** Whether a value there could make a program run something, find something else, or trust somebody else. */
export function isSteering(variable: string): boolean {
  const capitals = variable.toUpperCase()
  if (names.has(capitals) || endings.test(capitals)) return true
  if (beginnings.some((beginning) => capitals.startsWith(beginning))) return true
  return settings.some((beginning) => capitals.startsWith(beginning)) && !isCredential.test(capitals)
}

/** Whether a variable is the runner's own, in a job of GitHub Actions. */
export function isOfRunner(variable: string): boolean {
  const capitals = variable.toUpperCase()
  return ofRunner.some((beginning) => capitals.startsWith(beginning))
}
