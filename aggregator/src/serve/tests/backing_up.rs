//! An image for a backup over the wire: who may ask, what is noted of it, and that the city goes on.

use granary_proto::v1::{self, administration_service_client::AdministrationServiceClient};
use tonic::{Code, Status, transport::Channel};

use super::town::{GUIYANG, Town};
use crate::{
    backup::{self, Image},
    tls::Role,
};

async fn ask(channel: Channel) -> Result<v1::MakeBackupImageResponse, Status> {
    let mut client = AdministrationServiceClient::new(channel);
    let answer = client
        .make_backup_image(v1::MakeBackupImageRequest {})
        .await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_may_ask_and_the_access_log_says_so() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    for (channel, code) in [
        (town.anonymous().await, Code::Unauthenticated),
        (office.channel.clone(), Code::PermissionDenied),
        (town.person(Role::Auditor).await, Code::PermissionDenied),
    ] {
        assert_eq!(ask(channel).await.unwrap_err().code(), code);
    }
    let data = town.folder.path().join("data");
    assert!(!data.join(backup::IMAGES).exists());

    let answer = ask(town.person(Role::Operator).await).await.unwrap();
    let log = std::fs::read_to_string(data.join("access/log")).unwrap();
    assert!(
        log.lines()
            .last()
            .unwrap()
            .ends_with("\tjournal\tbackup image"),
        "{log}"
    );
    let image = Image {
        folder: data.join(&answer.path),
        signed_entries: answer.signed_entries,
    };
    // The city goes on, and the image stays as it was.
    office.submit(office.revenue(1)).await.unwrap();
    let target = town.folder.path().join("backups");
    let taken = backup::take(&image, &target, &answer.origin).unwrap();
    let verified = backup::verify(&taken.folder, None, &std::env::temp_dir()).unwrap();
    assert_eq!(verified.entries, answer.signed_entries);
    // The next image takes the place of the one before.
    let next = ask(town.person(Role::Operator).await).await.unwrap();
    assert!(next.signed_entries > answer.signed_entries && !image.folder.exists());
    town.stop().await;
}

/// A server that is started on what was restored goes on: the same statement has the same entry, and the access log holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_city_serves_on() {
    let mut town = Town::founded(&[]).await;
    let office = town.office(GUIYANG).await;
    let statement = office.revenue(1);
    let receipt = office.submit(statement.clone()).await.unwrap();
    let answer = ask(town.person(Role::Operator).await).await.unwrap();
    let folder = town.folder.path().to_owned();
    let (data, keys) = (folder.join("data"), folder.join("keys"));
    let image = Image {
        folder: data.join(&answer.path),
        signed_entries: answer.signed_entries,
    };
    let taken = backup::take(&image, &folder.join("backups"), &answer.origin).unwrap();
    backup::copy_keys(&data, &keys).unwrap();
    town.stop().await;
    let operator = data.join("operator");
    std::fs::rename(&operator, folder.join("operator")).unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    let restored = backup::restore(&taken.folder, &data, Some(&keys), &[]).unwrap();
    assert_eq!(restored.keys_missing, [""; 0]);
    std::fs::rename(folder.join("operator"), &operator).unwrap();
    town.start(&[]).await;
    let office = town.reconnect(office).await;
    let again = office.submit(statement).await.unwrap();
    assert_eq!(again.index, receipt.index);
    office.submit(office.revenue(2)).await.unwrap();
    town.stop().await;
}
