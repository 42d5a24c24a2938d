using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Tests.Publishing;
using Broadcast.Media;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Publisher;
using Broadcast.Testing;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.EndToEnd;

/// <summary>Encoders whose channel is on air at another server.</summary>
public sealed class ForwardingTests
{
    private static readonly FlvFile Media = FlvFileReader.Read(Recording.Flv(2));

    [Fact]
    public async Task Messages_are_forwarded_in_order_with_their_content()
    {
        var relay = new FakeRelay();
        await using var server = await StartAsync(relay);
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));

        await publisher.SendAsync(Media.Tags, 1000);
        await publisher.CloseAsync();
        await Poll.UntilAsync(() => relay.Publication.Ends.Count == 1);

        var (target, channel, request) = relay.Asked.ShouldHaveSingleItem();
        (target, channel.Value, request.StreamKey).ShouldBe((RememberingAuthority.Elsewhere, "main", "elsewhere"));
        request.Target.Application.ShouldBe("live");
        var messages = relay.Publication.Messages.ToArray();
        messages.Count(message => message.Content == RelayedContent.Metadata).ShouldBeLessThanOrEqualTo(1);
        var media = messages.Where(message => message.Content != RelayedContent.Metadata).ToArray();
        var tags = Media.Tags.Where(tag => tag.IsVideo || tag.IsAudio).ToArray();
        media.Select(message => (message.Type, message.Timestamp, Convert.ToHexString(message.Payload.Span)))
            .ShouldBe(tags.Select(tag => (tag.Type, tag.Timestamp + 1000, Convert.ToHexString(tag.Body.Span))));
        media.Select(message => message.Content).ShouldBe(tags.Select(tag => tag.IsConfiguration ? RelayedContent.Configuration
            : tag.IsVideo && tag.Body.Span[0] >> 4 == 1 ? RelayedContent.Keyframe : RelayedContent.Media));
        relay.Publication.Ends.ShouldBe(["the encoder finished"]);
        server.Sink.All.ShouldBeEmpty();
        server.Authority.Ended.ShouldBeEmpty("the owner reports the end");
    }

    [Fact]
    public async Task Publication_whose_session_moves_is_forwarded_from_the_next_keyframe_on()
    {
        var relay = new FakeRelay();
        await using var server = await StartAsync(relay);
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        var keyframes = Media.Tags.Select((tag, index) => (tag, index))
            .Where(entry => entry.tag is { IsVideo: true, IsConfiguration: false } && entry.tag.Body.Span[0] >> 4 == 1)
            .Select(entry => entry.index).ToArray();
        var (before, next) = (keyframes[^1] - 3, keyframes[^1]);
        await publisher.SendAsync([.. Media.Tags.Take(before)], 0);
        var frames = Media.Tags.Take(before).Count(tag => tag.IsVideo && !tag.IsConfiguration);
        await Poll.UntilAsync(() => server.Sink.All.Count > 0 && server.Sink.Single.Of(TrackKind.Video).Length == frames);

        await server.Authority.Move.CancelAsync();
        await publisher.SendAsync([.. Media.Tags.Skip(before)], 0);
        await Poll.UntilAsync(() => !server.Authority.Ended.IsEmpty);
        await publisher.CloseAsync();
        await Poll.UntilAsync(() => !relay.Publication.Ends.IsEmpty);

        server.Authority.Ended.ShouldHaveSingleItem().Reason.ShouldBe(MovablePublication.MovedReason);
        server.Sink.Single.Of(TrackKind.Video).Length.ShouldBe(Media.Tags.Take(next).Count(tag => tag.IsVideo && !tag.IsConfiguration));
        relay.Continued.ShouldHaveSingleItem().Request.StreamKey.ShouldBe("good");
        var messages = relay.Publication.Messages.ToArray();
        var headers = messages.TakeWhile(message => message.Content is RelayedContent.Metadata or RelayedContent.Configuration).ToArray();
        headers.Count(header => header.Content == RelayedContent.Configuration)
            .ShouldBe(Media.Tags.Count(tag => tag.IsConfiguration), "what the next owner needs comes first");
        messages[headers.Length].Content.ShouldBe(RelayedContent.Keyframe);
        messages.Skip(headers.Length).Select(message => (message.Type, message.Timestamp))
            .ShouldBe(Media.Tags.Skip(next).Where(tag => tag.IsVideo || tag.IsAudio).Select(tag => (tag.Type, tag.Timestamp)));
        relay.Publication.Ends.ShouldBe(["the encoder finished"]);
    }

    [Fact]
    public async Task End_by_the_next_owner_reaches_the_encoder_whose_session_moved()
    {
        var relay = new FakeRelay();
        await using var server = await StartAsync(relay);
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        await server.Authority.Move.CancelAsync();
        await publisher.SendAsync(Media.Tags, 0);
        await Poll.UntilAsync(() => !relay.Continued.IsEmpty);

        relay.End(new RelayEnd("Another encoder took over (superseded).", "NetStream.Publish.Rejected"));

        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Code.ShouldBe("NetStream.Publish.Rejected");
        await Poll.UntilAsync(() => !relay.Publication.Ends.IsEmpty);
    }

    [Fact]
    public async Task Metadata_is_forwarded_as_the_encoder_sent_it()
    {
        var relay = new FakeRelay();
        await using var server = await StartAsync(relay);
        using var client = await server.ConnectAsync();
        var amf = new Ingest.Rtmp.Amf.AmfWriter();
        amf.Text("@setDataFrame").Text("onMetaData");
        using (amf.Object())
        {
            amf.Name("width").Number(320);
        }

        await client.GetStream().WriteAsync((byte[])[
            .. Rtmp.Wire.Opening("elsewhere"), .. Rtmp.Wire.Message(Ingest.Rtmp.Messages.MessageType.Data, 1, 7, amf.Written)]);

        await Poll.UntilAsync(() => !relay.Publication.Messages.IsEmpty);
        var message = relay.Publication.Messages.ShouldHaveSingleItem();
        (message.Type, message.Timestamp, message.Content).ShouldBe(((byte)18, 7u, RelayedContent.Metadata));
        message.Payload.Span.SequenceEqual(amf.Written).ShouldBeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task End_by_the_owner_reaches_the_encoder_with_its_code(bool isEarly)
    {
        var end = new RelayEnd("Another encoder took over (superseded).", "NetStream.Publish.Rejected");
        var relay = new FakeRelay { EarlyEnd = isEarly ? end : null };
        await using var server = await StartAsync(relay);
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));

        relay.End(end);
        relay.End(new RelayEnd("a later end has no effect", null));

        var error = await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion);
        (error.Code, error.Message).ShouldBe((end.Status, end.Reason));
        await Poll.UntilAsync(() => !relay.Publication.Ends.IsEmpty);
        relay.Publication.Ends.ShouldBe([end.Reason]);
    }

    [Fact]
    public async Task End_without_a_code_closes_the_connection_so_that_the_encoder_reconnects()
    {
        var relay = new FakeRelay();
        await using var server = await StartAsync(relay);
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server));

        relay.End(new RelayEnd("the server does not respond", null));

        await publisher.Completion;
        await Poll.UntilAsync(() => !relay.Publication.Ends.IsEmpty);
        relay.Publication.Ends.ShouldBe(["the server does not respond"]);
    }

    [Fact]
    public async Task Rejection_by_the_owner_reaches_the_encoder()
    {
        var relay = new FakeRelay
        {
            Decide = _ => new(new RelayDecision.Rejected(new(PublishRejectionReason.EventOver, "'A concert' has ended."))),
        };
        await using var server = await StartAsync(relay);

        var error = await RefusedAsync(server);

        (error.Code, error.Message).ShouldBe(("NetStream.Publish.BadName", "'A concert' has ended."));
        relay.Publication.Ends.ShouldBeEmpty();
    }

    [Fact]
    public async Task Encoder_of_an_owner_that_cannot_be_reached_is_rejected_with_the_name_of_the_server()
    {
        await using var server = await StartAsync(new FakeRelay { Decide = _ => new((RelayDecision?)null) });

        (await RefusedAsync(server)).Message.ShouldBe("Channel main is on air at server 'b'.");
    }

    [Fact]
    public async Task Encoder_of_an_owner_that_does_not_answer_in_time_is_rejected_with_the_name_of_the_server()
    {
        await using var server = await IngestServer.StartAsync(LogLevel.Debug, new FakeRelay
        {
            Decide = async cancellation =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
                return null;
            },
        }, ("AuthorizationTimeout", "00:00:00.2"));

        (await RefusedAsync(server)).Message.ShouldBe("Channel main is on air at server 'b'.");
    }

    [Fact]
    public async Task Encoder_is_rejected_with_the_name_of_the_server_when_this_server_cannot_forward()
    {
        await using var server = await StartAsync(null);

        (await RefusedAsync(server)).Message.ShouldBe("Channel main is on air at server 'b'.");
    }

    [Fact]
    public async Task Error_of_the_relay_rejects_the_encoder_and_is_logged()
    {
        await using var server = await StartAsync(new FakeRelay { Decide = _ => throw new InvalidOperationException("simulated") });

        (await RefusedAsync(server)).Message.ShouldBe("Channel main is on air at server 'b'.");
        server.Log.Entries.ShouldContain(entry => entry.Level == LogLevel.Error);
    }

    [Fact]
    public async Task Encoder_that_disconnects_ends_the_forwarded_publication_once()
    {
        var relay = new FakeRelay();
        await using var server = await StartAsync(relay);
        using (var client = await server.ConnectAsync())
        {
            await client.GetStream().WriteAsync((byte[])[.. Rtmp.Wire.Opening("elsewhere"), .. Rtmp.Wire.VideoConfiguration()]);
            await Poll.UntilAsync(() => !relay.Publication.Messages.IsEmpty);
            client.Client.LingerState = new(true, 0);
        }

        await Poll.UntilAsync(() => !relay.Publication.Ends.IsEmpty);
        relay.End(new RelayEnd("too late", "NetStream.Publish.Rejected"));
        await server.StopAsync();
        relay.Publication.Ends.ShouldHaveSingleItem();
    }

    private static Task<IngestServer> StartAsync(FakeRelay? relay) => IngestServer.StartAsync(LogLevel.Debug, relay);

    private static RtmpTarget Target(IngestServer server, string key = "elsewhere") => new("127.0.0.1", server.Port, "live", key);

    private static Task<RtmpPublishException> RefusedAsync(IngestServer server) =>
        Should.ThrowAsync<RtmpPublishException>(() => RtmpPublisher.ConnectAsync(Target(server)));
}
