using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class KeyAndTokenTests(PostgresFixture postgres)
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task Rotated_key_keeps_role_and_label_and_the_old_key_is_revoked()
    {
        await using var database = await postgres.OpenFreshAsync();
        await new ChannelRepository(database, _clock).CreateAsync("demo", new());
        var keys = new StreamKeys(database, _clock);
        var guest = await keys.CreateAsync("demo", StreamKeyRole.Guest, "Ann");

        var rotated = await keys.RotateAsync("demo", guest.Key.Id);

        (rotated.Key.Role, rotated.Key.Label).ShouldBe((StreamKeyRole.Guest, "Ann"));
        rotated.StreamKey.ShouldNotBe(guest.StreamKey);
        var all = await keys.ListAsync("demo");
        all.Single(k => k.Id == guest.Key.Id).RevokedAt.ShouldBe(_clock.GetUtcNow());
        all.Count(k => k.RevokedAt is null).ShouldBe(2);
    }

    [Fact]
    public async Task Created_rotated_and_revoked_keys_are_notified_to_listening_servers()
    {
        await using var database = await postgres.OpenFreshAsync();
        await new ChannelRepository(database, _clock).CreateAsync("demo", new());
        var keys = new StreamKeys(database, _clock);
        await using var server = await database.Source.OpenConnectionAsync();
        var heard = new List<string>();
        server.Notification += (_, notice) => heard.Add(notice.Payload);
        await using (var listen = server.CreateCommand())
        {
            listen.CommandText = "LISTEN broadcast_control";
            await listen.ExecuteNonQueryAsync();
        }

        var made = await keys.CreateAsync("demo", StreamKeyRole.Guest);
        await ReceivedAsync($"stream_keys:{made.Key.Id}");
        var rotated = await keys.RotateAsync("demo", made.Key.Id, TimeSpan.FromHours(1));
        await ReceivedAsync($"stream_keys:{made.Key.Id}");
        await ReceivedAsync($"stream_keys:{rotated.Key.Id}");
        await keys.RevokeAsync("demo", rotated.Key.Id);
        await ReceivedAsync($"stream_keys:{rotated.Key.Id}");

        async Task ReceivedAsync(string notice)
        {
            while (!heard.Remove(notice))
            {
                (await server.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue($"no notification {notice}");
            }
        }
    }

    [Fact]
    public async Task Rotation_with_overlap_lets_the_old_key_expire_later()
    {
        await using var database = await postgres.OpenFreshAsync();
        var first = await new ChannelRepository(database, _clock).CreateAsync("demo", new());
        var keys = new StreamKeys(database, _clock);

        await keys.RotateAsync("demo", overlap: TimeSpan.FromHours(1));

        var old = (await keys.ListAsync("demo")).Single(k => k.Id == first.Key.Key.Id);
        (old.RevokedAt, old.ExpiresAt).ShouldBe((null, _clock.GetUtcNow() + TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task Rotation_without_a_key_id_conflicts_if_the_channel_has_several_keys()
    {
        await using var database = await postgres.OpenFreshAsync();
        await new ChannelRepository(database, _clock).CreateAsync("demo", new());
        var keys = new StreamKeys(database, _clock);
        var backup = await keys.CreateAsync("demo", StreamKeyRole.Backup);

        var refusal = await Should.ThrowAsync<OperationException>(() => keys.RotateAsync("demo"));

        refusal.Code.ShouldBe(OperationErrorCode.Conflict);
        refusal.Message.ShouldContain(backup.Key.Id);
    }

    [Fact]
    public async Task Second_revocation_keeps_the_first_time_and_keys_of_other_channels_are_not_found()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, _clock);
        var key = (await channels.CreateAsync("demo", new())).Key.Key;
        await channels.CreateAsync("other", new());
        var keys = new StreamKeys(database, _clock);
        var first = _clock.GetUtcNow();
        await keys.RevokeAsync("demo", key.Id);
        _clock.Advance(TimeSpan.FromHours(1));
        await keys.RevokeAsync("demo", key.Id);

        (await keys.ListAsync("demo")).Single().RevokedAt.ShouldBe(first);
        (await Should.ThrowAsync<OperationException>(() => keys.RevokeAsync("other", key.Id))).Code.ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Token_is_valid_until_it_expires_or_is_revoked()
    {
        await using var database = await postgres.OpenFreshAsync();
        var tokens = new TokenRepository(database, _clock);
        var forever = await tokens.CreateAsync(TokenRole.Producer, "build");
        var brief = await tokens.CreateAsync(TokenRole.Viewer, expiresAt: _clock.GetUtcNow() + TimeSpan.FromMinutes(5));

        (await tokens.VerifyAsync(forever.Token))!.Role.ShouldBe(TokenRole.Producer);
        (await tokens.VerifyAsync(brief.Token)).ShouldNotBeNull();
        (await tokens.VerifyAsync(forever.Info.Id + brief.Token[8..])).ShouldBeNull();
        (await tokens.VerifyAsync("no token")).ShouldBeNull();
        (await tokens.VerifyAsync(null)).ShouldBeNull();

        _clock.Advance(TimeSpan.FromMinutes(5));
        await tokens.RevokeAsync(forever.Info.Id);
        (await tokens.VerifyAsync(forever.Token)).ShouldBeNull();
        (await tokens.VerifyAsync(brief.Token)).ShouldBeNull();
        (await tokens.ListAsync()).Count.ShouldBe(2);
        forever.ToString().ShouldNotContain(forever.Token);
    }

    [Theory]
    [InlineData(TokenRole.Admin, "admin")]
    [InlineData(TokenRole.Producer, "producer")]
    [InlineData(TokenRole.Moderator, "moderator")]
    [InlineData(TokenRole.Viewer, "viewer")]
    public void Role_names_are_formatted_and_parsed(TokenRole role, string name)
    {
        TokenRoles.Name(role).ShouldBe(name);
        TokenRoles.TryParse(name, out var read).ShouldBeTrue();
        read.ShouldBe(role);
        TokenRoles.TryParse(name.ToUpperInvariant(), out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Setup_code_creates_one_admin_and_then_no_code_is_valid_or_issued()
    {
        await using var database = await postgres.OpenFreshAsync();
        var codes = new SetupCodes(database, _clock);
        var first = (await codes.IssueAsync()).ShouldNotBeNull();
        _clock.Advance(TimeSpan.FromSeconds(1));
        var second = (await codes.IssueAsync()).ShouldNotBeNull();

        await Should.ThrowAsync<OperationException>(() => codes.RedeemAsync("aaaaa-aaaaa-aaaaa-aaaaa"));
        var issued = await codes.RedeemAsync($" {first.ToUpperInvariant()} ");

        issued.Info.Role.ShouldBe(TokenRole.Admin);
        (await new TokenRepository(database, _clock).VerifyAsync(issued.Token)).ShouldNotBeNull();
        (await Should.ThrowAsync<OperationException>(() => codes.RedeemAsync(first))).Code.ShouldBe(OperationErrorCode.Denied);
        (await Should.ThrowAsync<OperationException>(() => codes.RedeemAsync(second))).Code.ShouldBe(OperationErrorCode.Denied);
        (await codes.IssueAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Setup_code_is_invalid_after_an_admin_token_was_created()
    {
        await using var database = await postgres.OpenFreshAsync();
        var code = (await new SetupCodes(database, _clock).IssueAsync())!;
        await new TokenRepository(database, _clock).CreateAsync(TokenRole.Admin);

        (await Should.ThrowAsync<OperationException>(() => new SetupCodes(database, _clock).RedeemAsync(code))).Code
            .ShouldBe(OperationErrorCode.Denied);
    }
}
