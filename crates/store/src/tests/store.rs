//! The object store as Delta uses it: names are taken once, parts land in place, and crashes leave nothing behind.

use super::disk::{Call, TestDisk, Verdict, files_below};
use crate::delta::durable::STAGING;
use crate::delta::storage::Storage;
use futures::future::join_all;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
use std::sync::Arc;
use tempfile::TempDir;

fn storage(dir: &TempDir, disk: &TestDisk) -> Storage {
    Storage::open(&dir.path().join("history"), Arc::new(disk.clone())).unwrap()
}

fn name(storage: &Storage, name: &str) -> Path {
    Path::from_absolute_path(storage.root().join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_creators_wins() {
    let dir = TempDir::new().unwrap();
    let storage = storage(&dir, &TestDisk::sound());
    let path = name(&storage, "a/b/x.json");
    let puts = (0..16).map(|writer: u8| {
        let (store, path) = (storage.store(), path.clone());
        tokio::spawn(
            async move { (writer, store.put_opts(&path, vec![writer; 9].into(), PutMode::Create.into()).await) },
        )
    });
    let puts: Vec<_> = join_all(puts).await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<u8> = puts.iter().filter(|(_, put)| put.is_ok()).map(|(writer, _)| *writer).collect();
    assert_eq!(winners.len(), 1);
    assert!(puts.iter().all(|(_, put)| matches!(put, Ok(_) | Err(Error::AlreadyExists { .. }))), "{puts:?}");
    let read = storage.store().get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(read.as_ref(), [winners[0]; 9]);
    assert_eq!(files_below(storage.root()).len(), 1, "losers leave nothing");
}

#[tokio::test]
async fn parts_land_in_place_and_are_visible_only_as_a_whole() {
    let dir = TempDir::new().unwrap();
    let disk = TestDisk::sound();
    let storage = storage(&dir, &disk);
    let path = name(&storage, "big.bin");
    let mut upload = storage.store().put_multipart(&path).await.unwrap();
    let (first, second) = (upload.put_part(vec![1; 600_000].into()), upload.put_part(vec![2; 5].into()));
    second.await.unwrap();
    first.await.unwrap();
    assert!(matches!(storage.store().head(&path).await, Err(Error::NotFound { .. })));
    upload.complete().await.unwrap();
    let read = storage.store().get(&path).await.unwrap().bytes().await.unwrap();
    assert!(read.len() == 600_005 && read[599_999] == 1 && read[600_000] == 2);
    let mut pieces = Vec::new();
    for pair in disk.journal().windows(2) {
        if let [Call::Write(path, bytes), after] = pair {
            assert_eq!(*after, Call::SyncFile(path.clone()), "each piece is synced before the next is written");
            pieces.push(*bytes);
        }
    }
    assert_eq!(pieces, [5, 262_144, 262_144, 75_712]);
    let mut given_up = storage.store().put_multipart(&path).await.unwrap();
    given_up.put_part(vec![3; 9].into()).await.unwrap();
    given_up.abort().await.unwrap();
    assert_eq!(files_below(storage.root()).len(), 1);
}

#[tokio::test]
async fn a_full_disk_fails_the_write_only_and_a_later_one_succeeds() {
    let dir = TempDir::new().unwrap();
    let disk = TestDisk::sound();
    let storage = storage(&dir, &disk);
    let path = name(&storage, "x.json");
    disk.set_rule(|call| if matches!(call, Call::Write(..)) { Verdict::Fail } else { Verdict::Do });
    let failed = storage.store().put(&path, vec![1; 9].into()).await.unwrap_err();
    assert!(failed.to_string().contains("the disk fails"), "{failed}");
    assert!(files_below(storage.root()).is_empty() && storage.poison().reason().is_none());
    disk.set_rule(|_| Verdict::Do);
    storage.store().put(&path, vec![1; 9].into()).await.unwrap();
}

#[tokio::test]
async fn a_start_removes_what_a_dead_process_left_and_nothing_of_its_own() {
    let dir = TempDir::new().unwrap();
    let disk = TestDisk::sound();
    let first = storage(&dir, &disk);
    let mut upload = first.store().put_multipart(&name(&first, "x.bin")).await.unwrap();
    let left = first.root().join(STAGING).join("1-1795307826587000000-0");
    std::fs::write(&left, "half a file").unwrap();
    let _second = storage(&dir, &disk);
    assert!(!left.exists());
    upload.put_part(vec![1; 9].into()).await.unwrap();
    upload.complete().await.unwrap();
}
