//! `notices test`: one message over one channel, at once, whatever the plan and the quiet hours say.

use std::{collections::BTreeMap, sync::Arc};

use granary_core::{
    digest::Digest,
    notices::{Kind, Line, Matter, Notice, Recipient, Role},
    text::Bilingual,
};

use super::{
    super::{
        remote,
        screen::{Complaint, Screen},
    },
    TestArgs,
};
use crate::{
    clock::{Clock as _, SystemClock},
    notices::{
        channel::{Carrier as _, Channels, Parcel},
        outbox::DeliveryId,
        settings::Target,
    },
};

pub(super) fn run(
    args: &TestArgs,
    environment: &BTreeMap<String, String>,
    screen: &Screen,
) -> Result<(), Complaint> {
    let settings = super::read(&args.notices, environment)?;
    let name = &args.channel;
    let channel = settings.channels.get(name).ok_or_else(|| {
        let known: Vec<&str> = settings.channels.keys().map(String::as_str).collect();
        let known = known.join(", ");
        Complaint::new(
            format!("没有渠道 {name}；有：{known}"),
            format!("there is no channel {name}; there are: {known}"),
        )
    })?;
    let to = args.to.as_deref().map(str::parse).transpose()?;
    if matches!(channel.target, Target::Email(_)) && to.is_none() {
        return Err(Complaint::new(
            "邮件渠道请用 --to 写收件地址",
            "a mail channel wants an address: write --to",
        ));
    }
    let parcel = Parcel {
        id: DeliveryId {
            key: Digest::of(&SystemClock.now_ms().to_be_bytes()),
            contact: "test".into(),
        },
        channel: name.clone(),
        language: screen.language(),
        to: to.into_iter().collect(),
        notice: notice(),
    };
    remote::block_on(async {
        let channels = Channels::new(&settings.channels, Arc::new(SystemClock))?;
        Ok(channels.carry(&parcel).await?)
    })?;
    screen.say(
        format!("测试消息已由 {name} 接收"),
        format!("{name} has taken the test message"),
    );
    Ok(())
}

/// A notice without sections, which is what marks a test.
fn notice() -> Notice {
    Notice {
        matter: Matter::new((Kind::Summary, 0), Recipient::Operations, Vec::new(), 0),
        sections: Vec::new(),
        subject: Bilingual::new(
            "统计报送通知：测试消息",
            "Statistics notices: a test message",
        ),
        lines: vec![Line {
            role: Role::Sentence,
            text: Bilingual::new(
                "这是一条测试消息。收到即表示此渠道可用，无须处理。",
                "This is a test message. The channel works; nothing needs to be done.",
            ),
        }],
    }
}
