{{ with secret "secret/data/life/tpl" }}user={{ .Data.data.user }} port={{ .Data.data.port }} version={{ .Data.metadata.version }}{{ end }}
{{ range secrets "secret/metadata/life" }}{{ . }} {{ end }}
{{ with secret "secret/data/life/tpl?version=1" }}first={{ .Data.data.user }}{{ end }}
