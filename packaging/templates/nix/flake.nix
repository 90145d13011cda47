# nix run 'git+@REPOSITORY@?dir=packaging/nix'
{
  description = "@DESCRIPTION@";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable"; # its Rust is @RUST@ or later

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];
      forEach = nixpkgs.lib.genAttrs systems;
    in
    {
      packages = forEach (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = pkgs.rustPlatform.buildRustPackage {
            pname = "emoscope";
            version = "@VERSION@";
            src = ../..;
            cargoLock.lockFile = ../../Cargo.lock;
            nativeBuildInputs = [
              pkgs.installShellFiles
              pkgs.makeWrapper
              pkgs.pkg-config
            ];
            buildInputs = [ pkgs.libopus ] ++ pkgs.lib.optional pkgs.stdenv.isLinux pkgs.alsa-lib;
            # The tests want programs and a sound server; the program is tried below.
            doCheck = false;
            postInstall = ''
              mkdir -p man
              $out/bin/emoscope man man
              installManPage man/*
              installShellCompletion --cmd emoscope \
                --bash <($out/bin/emoscope completions bash) \
                --zsh <($out/bin/emoscope completions zsh) \
                --fish <($out/bin/emoscope completions fish)
              wrapProgram $out/bin/emoscope \
                --set-default ORT_DYLIB_PATH ${pkgs.onnxruntime}/lib/libonnxruntime${pkgs.stdenv.hostPlatform.extensions.sharedLibrary}
            '';
            doInstallCheck = true;
            installCheckPhase = "HOME=$TMPDIR $out/bin/emoscope demo --jsonl | tail -n 1 | grep session_end";
            meta = {
              description = "@DESCRIPTION@";
              homepage = "@HOMEPAGE@";
              license = pkgs.lib.licenses.mit;
              mainProgram = "emoscope";
            };
          };
        }
      );
    };
}
