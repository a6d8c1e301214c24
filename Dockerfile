# The page in a container:
#   docker build -t llamavid .                                              for CPUs
#   docker build -t llamavid --build-arg VARIANT=cuda .                     for NVIDIA cards; run it with --gpus all
#   docker run -p 127.0.0.1:7860:7860 -v llamavid:/home/llamavid/.cache llamavid
FROM python:3.11-slim-bookworm

ARG VARIANT=cpu
# Where pytorch.org keeps the wheels for CPUs; PyPI has those for CUDA only.
ARG TORCH_CPU=https://download.pytorch.org/whl/cpu

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 llamavid
WORKDIR /app

# The tested files by their hashes; for CUDA another torch, in the same version, and what it needs.
COPY requirements.txt requirements.lock ./
RUN case "$VARIANT" in \
      cpu) pip install --no-cache-dir --no-deps --require-hashes --extra-index-url "$TORCH_CPU" -r requirements.lock ;; \
      cuda) grep -v '^torch==' requirements.lock > others.lock \
         && pip install --no-cache-dir --no-deps --require-hashes -r others.lock \
         && sed 's/ --hash=.*//' requirements.lock > versions.txt \
         && pip install --no-cache-dir -c versions.txt -r requirements.txt ;; \
      *) echo "VARIANT is cpu or cuda, not $VARIANT" >&2; exit 1 ;; \
    esac

COPY app.py ./
COPY assets assets
COPY movies movies
COPY llamavid_demo llamavid_demo

# The cache is here before a volume is, so that the volume belongs to the user.
RUN mkdir -p /home/llamavid/.cache/llamavid && chown -R llamavid /home/llamavid/.cache
USER 1000
ENV LLAMAVID_HOST=0.0.0.0 \
    LLAMAVID_RELEASES=/home/llamavid/.cache/releases
EXPOSE 7860
# The first start reads a model; /healthz says 503 until it answers.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py"]
