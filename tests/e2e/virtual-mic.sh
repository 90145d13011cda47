#!/usr/bin/env bash
# A private, headless PulseAudio server with a virtual microphone: no sound card, no root, no D-Bus.
# It never touches a user's running server, nor their configuration.
#
#   virtual-mic.sh start        start the server if needed; print the environment (eval it)
#   virtual-mic.sh env          print the environment of a running server
#   virtual-mic.sh play FILE    play a sound file into the microphone, in real time, and wait
#   virtual-mic.sh remove|add   unplug / plug the microphone
#   virtual-mic.sh mute on|off  digital silence
#   virtual-mic.sh stall|resume stop / continue the server process, as a server that hangs
#   virtual-mic.sh kill         kill the server at once; `start` starts it again
#   virtual-mic.sh ctl ...      pactl with that server
#   virtual-mic.sh stop         stop what this script started, and only that
#
# State lives in $VMIC_DIR (default /tmp/vmic-UID). VMIC_RATE, VMIC_CHANNELS, VMIC_FORMAT shape the microphone.
# VMIC_LATENCY is the playback buffer at the server in ms: 20; more where no audio may be late.
# Needs pulseaudio, pulseaudio-utils, libasound2-plugins.
set -euo pipefail
D=${VMIC_DIR:-/tmp/vmic-$(id -u)}
RATE=${VMIC_RATE:-48000} CHANNELS=${VMIC_CHANNELS:-1} FORMAT=${VMIC_FORMAT:-s16le}
export XDG_RUNTIME_DIR=$D/run PULSE_RUNTIME_PATH=$D/run/pulse PULSE_SERVER=unix:$D/run/pulse/native
export PULSE_COOKIE=$D/cookie ALSA_CONFIG_PATH=$D/asound.conf
export HOME=$D/home XDG_CONFIG_HOME=$D/home/.config # for the server; not printed for the caller
unset DBUS_SESSION_BUS_ADDRESS DISPLAY || true

alive() { [ -s "$D/$1.pid" ] && kill -0 "$(cat "$D/$1.pid")" 2>/dev/null; }

print_env() {
  echo "export XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR PULSE_SERVER=$PULSE_SERVER PULSE_COOKIE=$PULSE_COOKIE" \
    "PULSE_RUNTIME_PATH=$PULSE_RUNTIME_PATH ALSA_CONFIG_PATH=$ALSA_CONFIG_PATH"
}

# An ALSA world with exactly one device: no card is probed, so ALSA has nothing to complain of.
write_alsa_config() {
  cat >"$ALSA_CONFIG_PATH" <<'END'
pcm_type.pulse { lib "libasound_module_pcm_pulse.so" }
ctl_type.pulse { lib "libasound_module_ctl_pulse.so" }
pcm.pulse   { type pulse  hint { show on description "PulseAudio" } }
ctl.pulse   { type pulse }
pcm.default { type pulse  hint { show on description "Default (PulseAudio)" } }
ctl.default { type pulse }
END
}

start_server() {
  setsid pulseaudio -n --daemonize=no --exit-idle-time=-1 --realtime=no --high-priority=no --use-pid-file=no \
    -L "module-native-protocol-unix auth-anonymous=1 socket=$D/run/pulse/native" \
    --log-target="file:$D/pulse.log" </dev/null >/dev/null 2>&1 &
  echo $! >"$D/server.pid"
  for _ in $(seq 200); do
    pactl info >/dev/null 2>&1 && return
    sleep 0.05
  done
  echo "pulseaudio did not come up; see $D/pulse.log" >&2
  exit 1
}

add_mic() {
  pactl load-module module-null-sink sink_name=vspk "rate=$RATE" "channels=$CHANNELS" "format=$FORMAT" \
    sink_properties=device.description=VirtualSpeaker >/dev/null
  pactl load-module module-remap-source master=vspk.monitor source_name=vmic \
    source_properties=device.description=VirtualMicrophone >/dev/null
  pactl set-default-sink vspk
  pactl set-default-source vmic
  # An idle null sink renders blocks of two seconds, so a recorder that joins later gets nothing
  # for as long. One silent player keeps its period at 20 ms.
  setsid pacat --playback --latency-msec=20 --device=vspk --raw --format=s16le --rate=48000 --channels=1 \
    --client-name=keepalive </dev/zero >/dev/null 2>&1 &
  echo $! >"$D/keepalive.pid"
}

remove_mic() {
  ! alive keepalive || kill "$(cat "$D/keepalive.pid")"
  rm -f "$D/keepalive.pid"
  pactl unload-module module-remap-source
  pactl unload-module module-null-sink
}

case ${1:-} in
start)
  for tool in pulseaudio pactl pacat paplay setsid; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
  done
  mkdir -p "$XDG_RUNTIME_DIR" "$HOME/.config/pulse"
  chmod 700 "$XDG_RUNTIME_DIR"
  write_alsa_config
  alive server || start_server
  pactl list short sources | grep -q $'\tvmic\t' || { add_mic; sleep 2.5; }
  print_env
  ;;
env) print_env ;;
play) exec paplay "--latency-msec=${VMIC_LATENCY:-20}" --device=vspk "$2" ;;
remove) remove_mic ;;
add) add_mic ;;
mute) pactl set-source-mute vmic "$([ "$2" = on ] && echo 1 || echo 0)" ;;
stall) kill -STOP "$(cat "$D/server.pid")" ;;
resume) kill -CONT "$(cat "$D/server.pid")" ;;
kill)
  kill -KILL "$(cat "$D/server.pid")"
  # A dead process may stay in the process list for a while.
  rm -f "$D/server.pid"
  ! alive keepalive || kill "$(cat "$D/keepalive.pid")"
  ;;
ctl)
  shift
  exec pactl "$@"
  ;;
stop)
  for process in keepalive server; do
    # A stopped process handles other signals only after it continues.
    ! alive $process || kill -CONT "$(cat "$D/$process.pid")"
    ! alive $process || kill "$(cat "$D/$process.pid")"
  done
  sleep 0.2
  rm -rf "$D"
  ;;
*)
  sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
