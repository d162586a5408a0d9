# imaphaul and imaphaul-hub alone, for a user without rights, on a root that may be read-only:
#
#   docker build -t imaphaul .
#   docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -v imaphaul:/state -v "$PWD/secrets:/secrets:ro" imaphaul \
#     --host1 imap.old.example.org --user1 alice --passfile1 /secrets/1 \
#     --host2 imap.new.example.org --user2 alice --passfile2 /secrets/2
#
# Everything that is written (journal, logs, temporary files) goes to /state. Keep that
# volume: the journal in it is what later runs know.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY . .
RUN make build && mkdir /state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/bin/imaphaul /src/bin/imaphaul-hub /
COPY --from=build --chown=65532:65532 /state /state
ENV HOME=/state TMPDIR=/state XDG_STATE_HOME=/state
USER 65532:65532
WORKDIR /state
VOLUME /state
ENTRYPOINT ["/imaphaul"]
