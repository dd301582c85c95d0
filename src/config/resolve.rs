//! Decides which of several values of a flag wins. Pure.

use anyhow::{Result, bail};
use clap::Command;

use super::flags::Flag;
use super::setting::{Layer, Origin, Setting};

/// The value that a flag ends up with.
#[derive(Debug, Clone)]
pub(super) struct Resolved<'a> {
    pub(super) flag: &'a Flag,
    /// None if no source sets the flag, so that its default applies.
    pub(super) setting: Option<Setting>,
    /// A value that is ignored, and the flag of a stronger source that it conflicts with.
    pub(super) dropped: Option<(Setting, &'a Flag)>,
}

impl Resolved<'_> {
    fn is_active(&self) -> bool {
        self.setting.as_ref().is_some_and(|setting| setting.is_active(self.flag))
    }
}

/// Resolves every flag. The layers come in order, the strongest first.
///
/// A value that conflicts with a flag of a stronger layer is dropped. Two values of the same layer that
/// conflict are an error.
pub(super) fn resolve<'a>(
    command: &Command,
    flags: &'a [Flag],
    layers: &[Layer],
) -> Result<Vec<Resolved<'a>>> {
    let mut resolved: Vec<_> =
        flags.iter().map(|flag| Resolved { flag, setting: None, dropped: None }).collect();
    for layer in layers {
        add(command, layer, &mut resolved)?;
    }
    Ok(resolved)
}

/// Adds what a layer sets and no stronger one did.
fn add(command: &Command, layer: &Layer, resolved: &mut [Resolved<'_>]) -> Result<()> {
    let stronger: Vec<_> = resolved.iter().filter(|one| one.is_active()).map(|one| one.flag).collect();
    let mut added: Vec<(&Flag, &Setting)> = Vec::new();
    for one in resolved.iter_mut().filter(|one| one.setting.is_none()) {
        let Some(setting) = layer.get(&one.flag.id) else { continue };
        if setting.is_active(one.flag) {
            if let Some(other) = stronger.iter().find(|other| one.flag.replaces(other, command)) {
                one.dropped.get_or_insert((setting.clone(), other));
                continue;
            }
            added.push((one.flag, setting));
        }
        one.setting = Some(setting.clone());
    }
    refuse_conflicts(command, &added)
}

fn refuse_conflicts(command: &Command, added: &[(&Flag, &Setting)]) -> Result<()> {
    for (place, (flag, setting)) in added.iter().enumerate() {
        let conflict = added[..place].iter().find(|(other, _)| flag.excludes(other, command));
        if let Some((other, other_setting)) = conflict
            && setting.origin != Origin::CommandLine
        {
            bail!(
                "{} and {} cannot be used together:\n  {}\n  {}",
                other.name(),
                flag.name(),
                other_setting.origin,
                setting.origin
            );
        }
    }
    Ok(())
}
