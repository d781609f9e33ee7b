//! Full runs of the program, with everything that was said.

use hubup::sandbox::{Extras, FaultScript, SandboxOptions, WorldSource, open_with};

use crate::binary::Account;

/// One full run: what it is called, its world, and what its setup file says beside the shipped example.
pub struct FullRun {
    pub name: &'static str,
    world: &'static str,
    setup: &'static [(&'static str, &'static str)],
    /// The rehearsal that goes wrong on the way, where one does.
    faults: Option<&'static str>,
}

const fn smooth(
    name: &'static str,
    world: &'static str,
    setup: &'static [(&'static str, &'static str)],
) -> FullRun {
    FullRun { name, world, setup, faults: None }
}

/// Both object models, each in every way that changes its requests.
pub const SMOOTH: [FullRun; 6] = [
    smooth("preview-2025, versions of 2025", "default", &[]),
    smooth("preview-2025, versions of March 2026", "march-2026", &[]),
    smooth(
        "preview-2025, built-in roles, no certificates",
        "default",
        &[("#kind = \"custom\"", "kind = \"built-in\""), ("#enabled = true", "enabled = false")],
    ),
    smooth("links-2026, system-assigned", "links-2026", &[]),
    smooth(
        "links-2026, user-assigned",
        "links-2026",
        &[("#kind = \"system-assigned\"", "kind = \"user-assigned\"")],
    ),
    smooth("links-2026, no certificates", "links-2026", &[("#enabled = true", "enabled = false")]),
];

/// Runs that meet refusals: errors have shapes too.
pub const ROUGH: [FullRun; 6] = [
    FullRun { name: "every obstacle", world: "obstacles", setup: &[], faults: Some("none") },
    FullRun { name: "a caller with few rights", world: "limited-caller", setup: &[], faults: Some("none") },
    FullRun { name: "a name that is taken", world: "default", setup: &[], faults: Some("name-taken") },
    FullRun { name: "a policy that denies", world: "links-2026", setup: &[], faults: Some("policy-denies") },
    FullRun {
        name: "a link half settled",
        world: "links-2026",
        setup: &[],
        faults: Some("half-settled-link"),
    },
    FullRun { name: "throttled", world: "default", setup: &[], faults: Some("throttled") },
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
        if let Some(script) = self.faults {
            sandbox.rehearse(&FaultScript::builtin(script).unwrap()).await.unwrap();
        }
        let mut setup = include_str!("../../../config.example.toml").to_owned();
        for (was, is) in self.setup {
            assert!(setup.contains(was), "the example has no `{was}`");
            setup = setup.replacen(was, is, 1);
        }
        account.write("hubup.toml", &setup);
        let changed = setup.replacen("#cost-center", "cost-center", 1);
        let run = |command: &[&str]| {
            let ran = account.run(&[&["--sandbox", "--sandbox-world", self.world], command].concat());
            // What goes wrong on purpose may end as it likes.
            assert!(self.faults.is_some() || ran.code == Some(0), "{command:?}: {ran}");
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
