//! `backup`, `verify-backup` and `restore`.

use std::{os::unix::fs::MetadataExt as _, path::Path, sync::Arc};

use granary_core::log::VerifierKey;
use granary_proto::v1;

use super::{
    BackupArgs, RestoreArgs, VerifyBackupArgs,
    remote::{self, administration, block_on},
    screen::{Complaint, Screen},
};
use crate::{
    backup::{self, BackupError, Image, Seen},
    clock::{Clock as _, SystemClock},
    journal::Journal,
    project::{self, Derived},
    site::{self, Site},
};

/// Takes a backup, or copies the keys.
pub(super) fn backup(args: &BackupArgs, screen: &Screen) -> Result<(), Complaint> {
    if let Some(keys) = &args.keys {
        return copy_keys(&args.data, keys, screen);
    }
    let Some(target) = &args.to else {
        return Err(Complaint::new("缺少 --to", "--to is missing"));
    };
    let (image, origin) = if args.stopped {
        own_image(&args.data)?
    } else {
        servers_image(args)?
    };
    let taken = backup::take(&image, target, &origin);
    // Whatever came of it, the image has done its work: it must not hold on to files that the server drops.
    let removed = image.remove();
    let taken = taken.map_err(|error| told(&error))?;
    removed.map_err(|error| told(&error))?;
    tell(&taken, screen);
    if is_same_disk(&args.data, target) {
        screen.say(
            "提醒：备份与数据目录在同一文件系统上，磁盘损坏时会一起丢失；请再复制到另一块磁盘",
            "note: the backup is on the data folder's own file system and is lost with it; copy it to another disk as well",
        );
    }
    if let Some(keep) = args.keep {
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        for name in backup::prune(target, keep).map_err(|error| told(&error))? {
            screen.say(
                format!("已删除旧备份 {name}"),
                format!("removed the old backup {name}"),
            );
        }
    }
    Ok(())
}

fn tell(taken: &backup::Taken, screen: &Screen) {
    let (folder, manifest) = (taken.folder.display(), &taken.manifest);
    screen.say(
        format!("备份已完成：{folder}"),
        format!("took the backup {folder}"),
    );
    let (files, bytes, signed) = (
        manifest.files.len(),
        manifest.bytes(),
        manifest.signed_entries,
    );
    let (copied, linked, shared) = (taken.copied_bytes, taken.linked, taken.shared);
    screen.say(
        format!("检查点 {signed} 条，{files} 个文件 {bytes} 字节；新写入 {copied} 字节，与上一备份共用 {linked} 个文件，与数据目录共用 {shared} 个文件"),
        format!("checkpoint {signed} entries, {files} files of {bytes} bytes; {copied} bytes written, {linked} files shared with the backup before, {shared} with the data folder"),
    );
    let digest = taken.manifest_sha256;
    screen.say(
        format!("清单 SHA-256 {digest}（请另行记下）"),
        format!("manifest SHA-256 {digest} (note it elsewhere)"),
    );
}

/// Asks the running server for an image.
fn servers_image(args: &BackupArgs) -> Result<(Image, String), Complaint> {
    let answer = block_on(async {
        let mut client = administration(&args.connection).await?;
        let answer = client
            .make_backup_image(v1::MakeBackupImageRequest {})
            .await;
        Ok(answer
            .map_err(|status| remote::failed(&status))?
            .into_inner())
    })?;
    let name = answer.path.rsplit('/').next().unwrap_or_default();
    let folder = args.data.join(backup::IMAGES).join(name);
    if name.is_empty() || name == ".." || !folder.is_dir() {
        let folder = folder.display();
        return Err(Complaint::new(
            format!(
                "找不到服务所建的镜像 {folder}：请在服务器上、以服务的用户运行，并用 --data 指明它的数据目录"
            ),
            format!(
                "the image {folder} that the server made is not there: run this on the server's machine as its user, and name its data folder with --data"
            ),
        ));
    }
    let image = Image {
        folder,
        signed_entries: answer.signed_entries,
    };
    Ok((image, answer.origin))
}

/// Opens the folder of a stopped server and makes the image here.
fn own_image(data: &Path) -> Result<(Image, String), Complaint> {
    let journal = Arc::new(Journal::open(data)?);
    let derived = Arc::new(Derived::open(data)?);
    project::catch_up(&journal, &derived)?;
    let image = Image::make(&Site::new(data), &journal, &derived, SystemClock.now_ms());
    let image = image.map_err(|error| told(&error))?;
    Ok((image, journal.origin().to_owned()))
}

fn copy_keys(data: &Path, keys: &Path, screen: &Screen) -> Result<(), Complaint> {
    backup::copy_keys(data, keys).map_err(|error| told(&error))?;
    let keys = keys.display();
    screen.say(
        format!("已将 ca.key、log.key、server.key 及其证书复制到 {keys}"),
        format!("copied ca.key, log.key, server.key and their certificates to {keys}"),
    );
    screen.say(
        "务必保密：得到 log.key 者可伪造回执和检查点，得到 ca.key 者可冒充任何单位和操作员。请离线保管两份，与备份分开，不要发送",
        "keep them secret: whoever has log.key can forge receipts and checkpoints, whoever has ca.key can pass for any unit and operator. Keep two copies offline, apart from the backups, and send them to nobody",
    );
    Ok(())
}

/// Checks a backup and prints what it holds.
pub(super) fn verify(args: &VerifyBackupArgs, screen: &Screen) -> Result<(), Complaint> {
    let key = args.log_key.as_deref().map(log_key).transpose()?;
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let verified = backup::verify(&args.backup, key.as_ref(), &scratch);
    let verified = verified.map_err(|error| told(&error))?;
    let (entries, signed) = (verified.entries, verified.signed);
    let (files, bytes) = (verified.manifest.files.len(), verified.manifest.bytes());
    screen.say("备份完好", "the backup holds");
    screen.say(
        format!(
            "日志 {}，{}，{files} 个文件 {bytes} 字节",
            verified.manifest.origin, verified.manifest.made_at
        ),
        format!(
            "log {}, {}, {files} files of {bytes} bytes",
            verified.manifest.origin, verified.manifest.made_at
        ),
    );
    screen.say(
        format!(
            "日志 {entries} 条，检查点覆盖 {signed} 条，根 {}",
            verified.root
        ),
        format!(
            "{entries} entries, {signed} under the checkpoint, root {}",
            verified.root
        ),
    );
    screen.say(
        format!("状态摘要 {}  {entries} 条", verified.state_digest),
        format!("state digest {}  {entries} entries", verified.state_digest),
    );
    if key.is_none() {
        screen.say(
            "提醒：签名是用备份自带的公钥核验的；请用 --log-key 指明另存的公钥",
            "note: the signature was checked with the backup's own key; name the one that you keep elsewhere with --log-key",
        );
    }
    Ok(())
}

/// Restores a backup and says what is next.
pub(super) fn restore(args: &RestoreArgs, screen: &Screen) -> Result<(), Complaint> {
    let seen: Vec<Seen> = args
        .seen
        .iter()
        .map(|path| Seen::read(path))
        .collect::<Result<_, _>>()
        .map_err(|error| told(&error))?;
    let restored = backup::restore(&args.backup, &args.data, args.keys.as_deref(), &seen);
    let restored = restored.map_err(|error| told(&error))?;
    let (data, entries, signed) = (args.data.display(), restored.entries, restored.signed);
    screen.say(
        format!(
            "已恢复到 {data}：日志 {} {entries} 条，检查点覆盖 {signed} 条",
            restored.origin
        ),
        format!(
            "restored into {data}: log {}, {entries} entries, {signed} under the checkpoint",
            restored.origin
        ),
    );
    if !restored.keys_missing.is_empty() {
        let missing = restored.keys_missing.join(" ");
        screen.say(
            format!("启动前还须放入密钥：{missing}"),
            format!("before it serves, put these keys there: {missing}"),
        );
    }
    if args.seen.is_empty() {
        screen.say(
            "注意：未与任何他人持有的检查点比对。若有单位或见证方持有更多条目的检查点，请不要启动服务",
            "mind: it was compared with no head that others hold. Where a unit or witness holds a head of more entries, do not start the server",
        );
    }
    screen.say("下一步：", "next:");
    screen.print(format!("  granary-aggregator serve --data {data}"));
    Ok(())
}

fn log_key(path: &Path) -> Result<VerifierKey, Complaint> {
    let text = site::read(path)?;
    VerifierKey::parse(text.trim()).map_err(|error| {
        let path = path.display();
        Complaint::new(
            format!("{path}：不是日志公钥：{error}"),
            format!("{path}: not a log's public key: {error}"),
        )
    })
}

fn is_same_disk(a: &Path, b: &Path) -> bool {
    let device = |path: &Path| std::fs::metadata(path).ok().map(|metadata| metadata.dev());
    device(a).is_some_and(|a| device(b) == Some(a))
}

fn told(error: &BackupError) -> Complaint {
    Complaint::lines(vec![error.message()])
}
