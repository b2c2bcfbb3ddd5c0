//! Files that are written under another name until they are whole: what is broken off half-way is
//! not taken for a backup or an export.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// A file that is being written as `NAME.part`, in the same folder; removed if it is dropped before
/// it is whole.
#[derive(Debug)]
pub(super) struct Part {
    name: PathBuf,
    /// Where it is meanwhile.
    pub(super) path: PathBuf,
    is_whole: bool,
}

impl Part {
    /// Begins the file; `is_private` makes it its owner's alone. What an earlier one that was broken
    /// off has left behind goes.
    ///
    /// # Errors
    /// When a file of that name is there already, or it cannot be written.
    pub(super) fn begin(name: &Path, is_private: bool) -> Result<(Self, File)> {
        if name.symlink_metadata().is_ok() {
            return Err(Error::from(ErrorKind::AlreadyExists));
        }
        let mut path = name.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if is_private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = is_private;
        let file = options.open(&path)?;
        Ok((Self { name: name.to_owned(), path, is_whole: false }, file))
    }

    /// Gives the file, which is whole, its name.
    ///
    /// # Errors
    /// When a file of that name is there by now, or it cannot be renamed.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.name.symlink_metadata().is_ok() {
            return Err(Error::from(ErrorKind::AlreadyExists));
        }
        std::fs::rename(&self.path, &self.name)?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.is_whole {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::warn!("{} could not be removed: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Its name says that a file is whole: before it there is none of that name.
    #[test]
    fn a_file_has_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("copy.db");
        let left = folder.path().join("copy.db.part");
        // As a process leaves it that was killed.
        std::fs::write(&left, "half").unwrap();
        let (part, mut file) = Part::begin(&name, true).unwrap();
        file.write_all(b"whole").unwrap();
        assert!(!name.exists() && left.exists());
        part.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&name).unwrap(), "whole");
        assert!(!left.exists());
        let taken = Part::begin(&name, true).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&name).unwrap(), "whole");
    }

    #[test]
    fn what_fails_leaves_nothing_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("log.csv");
        let (part, _file) = Part::begin(&name, false).unwrap();
        drop(part);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let (part, _file) = Part::begin(&name, false).unwrap();
        std::fs::write(&name, "of somebody else").unwrap();
        assert!(part.finish().is_err());
        assert_eq!(std::fs::read_to_string(&name).unwrap(), "of somebody else");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
