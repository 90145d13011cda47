/* An ALSA that refuses to open anything, with the system error of REFUSE_WITH: preloaded by tests. */
#include <stdlib.h>

int snd_pcm_open(void **pcm, const char *name, int stream, int mode) {
    const char *error = getenv("REFUSE_WITH");
    (void)pcm, (void)name, (void)stream, (void)mode;
    return error ? -atoi(error) : -1;
}
