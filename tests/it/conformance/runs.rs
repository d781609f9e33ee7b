//! Full runs of the program, with everything that was said.

use hubup::sandbox::{Extras, SandboxOptions, WorldSource, open_with};

use crate::binary::Account;

/// One full run: what it is called, its world, and what its setup file says beside the shipped example.
pub struct FullRun {
    pub name: &'static str,
    world: &'static str,
    setup: &'static [(&'static str, &'static str)],
}

/// Both object models, each in every way that changes its requests.
pub const RUNS: [FullRun; 6] = [
    FullRun { name: "preview-2025, versions of 2025", world: "default", setup: &[] },
    FullRun { name: "preview-2025, versions of March 2026", world: "march-2026", setup: &[] },
    FullRun {
        name: "preview-2025, built-in roles, no certificates",
        world: "default",
        setup: &[("#kind = \"custom\"", "kind = \"built-in\""), ("#enabled = true", "enabled = false")],
    },
    FullRun { name: "links-2026, system-assigned", world: "links-2026", setup: &[] },
    FullRun {
        name: "links-2026, user-assigned",
        world: "links-2026",
        setup: &[("#kind = \"system-assigned\"", "kind = \"user-assigned\"")],
    },
    FullRun {
        name: "links-2026, no certificates",
        world: "links-2026",
        setup: &[("#enabled = true", "enabled = false")],
    },
];

impl FullRun {
    /// The record of everything that is sent from the first check to the end of the way back.
    pub async fn record(&self) -> String {
        let account = Account::new();
        let record = account.work().join("record");
        let options = SandboxOptions {
            folder: account.state().join("sandbox"),
            speed: 0.0,
            world: WorldSource::Builtin(self.world.to_owned()),
            port: 0,
        };
        let extras = Extras { record: Some(record.clone()), ..Extras::default() };
        let sandbox = open_with(options, extras).await.unwrap();
        let mut setup = include_str!("../../../config.example.toml").to_owned();
        for (was, is) in self.setup {
            assert!(setup.contains(was), "the example has no `{was}`");
            setup = setup.replacen(was, is, 1);
        }
        account.write("hubup.toml", &setup);
        let changed = setup.replacen("#cost-center", "cost-center", 1);
        let run = |command: &[&str]| {
            account.run(&[&["--sandbox", "--sandbox-world", self.world], command].concat()).exits(0);
        };
        tokio::task::block_in_place(|| {
            run(&["check"]);
            run(&["apply", "--yes"]);
            run(&["apply", "--yes"]);
            account.write("hubup.toml", &changed);
            run(&["check"]);
            run(&["apply", "--yes"]);
            run(&["status"]);
            run(&["destroy", "--yes"]);
        });
        sandbox.shutdown().await;
        std::fs::read_to_string(record).unwrap()
    }
}
