using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Slates;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.TranscoderToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Custom slates of channels: stored unchanged, identified by their content, deleted with their channel.</summary>
public sealed class SlateTests(PostgresFixture postgres)
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];
    private static readonly byte[] Clip = [0, 0, 0, 16, .. "ftypisom"u8, 0, 0, 2, 0];

    [Fact]
    public async Task Slate_is_stored_unchanged_and_can_be_replaced_and_deleted_through_the_API()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var token = await server.TokenAsync(TokenRole.Producer);

        (await server.SendAsync("PUT", "/api/v1/channels/demo/slate", token, new ByteArrayContent(Png))).Status.ShouldBe(204);
        (await server.Get<IChannelSlates>().FindAsync(ChannelName.Parse("demo"), default)).ShouldNotBeNull()
            .ShouldSatisfyAllConditions(s => s.Type.ShouldBe(SlateFileType.Png), s => s.Bytes.ToArray().ShouldBe(Png));
        using (var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/channels/demo/slate"))
        {
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await server.Client.SendAsync(request);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("image/png");
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(Png);
        }

        (await server.SendAsync("PUT", "/api/v1/channels/demo/slate", token, new ByteArrayContent(Clip))).Status.ShouldBe(204);
        (await server.Get<IChannelSlates>().FindAsync(ChannelName.Parse("demo"), default)).ShouldNotBeNull()
            .Type.ShouldBe(SlateFileType.Mp4);
        (await server.SendAsync("DELETE", "/api/v1/channels/demo/slate", token, null)).Status.ShouldBe(204);
        (await server.Get<IChannelSlates>().FindAsync(ChannelName.Parse("demo"), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Invalid_or_oversized_slate_is_rejected_with_a_reason()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var token = await server.TokenAsync(TokenRole.Producer);

        var (status, problem, _) = await server.SendAsync("PUT", "/api/v1/channels/demo/slate", token,
            new ByteArrayContent("<svg/>"u8.ToArray()));
        (status, problem.ToString().Contains("not a PNG, JPEG or MP4", StringComparison.Ordinal)).ShouldBe((400, true));
        (await Should.ThrowAsync<OperationException>(() => server.Get<ChannelSlates>()
            .SetAsync("demo", (byte[])[.. Png, .. new byte[SlateMedia.MaxBytes]]))).Message.ShouldContain("maximum is 16777216");
        (await server.SendAsync("PUT", "/api/v1/channels/nobody/slate", token, new ByteArrayContent(Png))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Slate_is_deleted_with_its_channel()
    {
        await using var database = await postgres.OpenFreshAsync();
        var (channels, slates) = (new ChannelRepository(database, TimeProvider.System), new ChannelSlates(database, TimeProvider.System));
        await channels.CreateAsync("demo", new());
        await slates.SetAsync("demo", Png);
        await channels.DeleteAsync("demo");
        await channels.CreateAsync("demo", new());
        (await slates.GetAsync("demo")).ShouldBeNull();
    }
}
