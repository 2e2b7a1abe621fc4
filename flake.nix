# Packages, apps, a development shell and checks for those who use Nix. Everybody else has `cargo xtask`.
{
  description = "Plan and apply database syncs that prove they lost nothing";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
    rust-overlay = {
      url = "github:oxalica/rust-overlay";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { nixpkgs, rust-overlay, ... }:
    let
      inherit (nixpkgs) lib;

      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
      ];

      # All that the build and the tests read. A flake sees only what git tracks.
      extensions = [
        "rs"
        "toml"
        "wit"
        "sql"
        "sh"
        "snap"
        "json"
        "md"
        "txt"
      ];
      source = lib.fileset.toSource {
        root = ./.;
        fileset = lib.fileset.unions [
          (lib.fileset.fileFilter (file: builtins.any file.hasExt extensions) ./.)
          ./Cargo.lock
          (lib.fileset.maybeMissing ./tests/golden)
        ];
      };

      perSystem =
        system:
        let
          pkgs = import nixpkgs {
            inherit system;
            overlays = [ rust-overlay.overlays.default ];
          };
          # The version, the components and the guests' target stand in one file, for rustup and for here.
          toolchain = pkgs.rust-bin.fromRustupToolchainFile ./rust-toolchain.toml;
          rustPlatform = pkgs.makeRustPlatform {
            cargo = toolchain;
            rustc = toolchain;
          };
          # What both derivations share. The vendored crates of cargoLock serve the nested cargo that builds the guests.
          common = {
            inherit ((lib.importTOML ./Cargo.toml).workspace.package) version;
            src = source;
            cargoLock.lockFile = ./Cargo.lock;
            # Its wrapper around rustc would reach the nested cargo as well.
            auditable = false;
            doCheck = false;
          };

          rapidbyte = rustPlatform.buildRustPackage (
            common
            // {
              pname = "rapidbyte";
              cargoBuildFlags = [
                "--package"
                "rapidbyte"
              ];
              meta = {
                description = "Plan and apply database syncs that prove they lost nothing";
                license = lib.licenses.asl20;
                mainProgram = "rapidbyte";
              };
            }
          );

          # Format, clippy, house rules and every test, against servers that the tests start themselves.
          suite = rustPlatform.buildRustPackage (
            common
            // {
              pname = "rapidbyte-suite";
              nativeBuildInputs = [
                pkgs.postgresql
                pkgs.cargo-nextest
              ];
              # Servers listen on 127.0.0.1.
              __darwinAllowLocalNetworking = true;
              buildPhase = ''
                runHook preBuild
                export HOME="$TMPDIR" CARGO_NET_OFFLINE=true
                cargo xtask lint
                cargo xtask test
                runHook postBuild
              '';
              installPhase = "touch $out";
            }
          );
        in
        {
          packages.default = rapidbyte;
          apps.default = {
            type = "app";
            program = lib.getExe rapidbyte;
          };
          checks = { inherit rapidbyte suite; };
          devShells.default = pkgs.mkShell {
            packages = [
              toolchain
              pkgs.postgresql
              pkgs.cargo-deny
              pkgs.cargo-insta
              pkgs.cargo-nextest
              pkgs.just
            ];
          };
          formatter = pkgs.nixfmt-tree;
        };

      all = lib.genAttrs systems perSystem;
      take = name: lib.mapAttrs (_: outputs: outputs.${name}) all;
    in
    {
      packages = take "packages";
      apps = take "apps";
      checks = take "checks";
      devShells = take "devShells";
      formatter = take "formatter";
    };
}
