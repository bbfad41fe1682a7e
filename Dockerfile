# One static binary and nothing else: no shell, no libc, no file that could need an update.
# scripts/image builds the binary, calls this file with a folder that holds only it, and tags both stages.
FROM scratch AS binary
COPY swarmgate /swarmgate
# Data ports first, then the control API. Publish 8080 only where the control API may be reached from outside.
EXPOSE 80 443 8080
# `ping` asks the control port of the role that runs here. The start period covers the longest wait of a proxy for its
# listener (30 s); failures within it do not count, a success ends it at once.
HEALTHCHECK --interval=5s --timeout=5s --start-period=40s --retries=3 CMD ["/swarmgate", "ping"]
ENTRYPOINT ["/swarmgate"]

FROM binary AS listener
CMD ["listener"]

FROM binary AS proxy
CMD ["proxy"]
