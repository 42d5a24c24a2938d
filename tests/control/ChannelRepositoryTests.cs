using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ChannelRepositoryTests(PostgresFixture postgres)
{
    [Fact]
    public async Task New_channel_has_defaults_and_stores_its_stream_key_only_as_a_hash()
    {
        await using var database = await postgres.OpenFreshAsync();
        var created = await new ChannelRepository(database, TimeProvider.System).CreateAsync("demo", new());

        created.Channel.ShouldBe(new ChannelInfo("demo", "", "auto", "standard", TimeSpan.FromSeconds(60), "public",
            created.Channel.CreatedAt));
        created.Key.Key.Role.ShouldBe(StreamKeyRole.Primary);
        Secret.TryParse(created.Key.StreamKey, out var secret).ShouldBeTrue();
        await using var command = database.Source.CreateCommand("SELECT hash FROM stream_keys");
        ((byte[])(await command.ExecuteScalarAsync())!).ShouldBe(secret.Hash);
        created.Key.ToString().ShouldNotContain(created.Key.StreamKey);
    }

    [Fact]
    public async Task Update_changes_only_the_given_members()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);
        await channels.CreateAsync("demo", new("A title", "1080p", "low", TimeSpan.FromSeconds(5)));

        await channels.SetAsync("demo", new(Latency: "safe", ReconnectWindow: TimeSpan.Zero));

        var now = await channels.GetAsync("demo");
        (now.Title, now.Ladder, now.Latency, now.ReconnectWindow).ShouldBe(("A title", "1080p", "safe", TimeSpan.Zero));
    }

    [Fact]
    public async Task Ladder_of_rungs_is_normalized_and_an_invalid_one_is_rejected_with_a_reason()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);

        (await channels.CreateAsync("demo", new(Ladder: "480p30@1.2M, 1280X720@2500k"))).Channel.Ladder
            .ShouldBe("1280x720@2500k,480p30@1200k");
        (await channels.SetAsync("demo", new(Title: "Same"))).Ladder.ShouldBe("1280x720@2500k,480p30@1200k");
        (await channels.SetAsync("demo",
            new(Ladder: "4096x4096p240@50M,4094x4094p240@50M,4092x4092p240@50M,4090x4090p240@50M"))).Ladder.Length.ShouldBe(83);
        (await channels.SetAsync("demo", new(Ladder: "AUTO"))).Ladder.ShouldBe("auto");

        var refusal = await Should.ThrowAsync<OperationException>(() => channels.SetAsync("demo", new(Ladder: "720p@2500k,481p@1200k")));
        refusal.ValidationErrors.ShouldBe(
            [new ValidationError("ladder", "Rung 2, '481p@1200k': its shorter side is 481 pixels. Use an even number from 16 to 4096.")]);
        (await channels.GetAsync("demo")).Ladder.ShouldBe("auto");
    }

    [Fact]
    public async Task DVR_window_is_normalized_and_an_invalid_one_is_rejected_with_a_reason()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);

        (await channels.CreateAsync("demo", new())).Channel.DvrWindow.ShouldBe("off");
        (await channels.SetAsync("demo", new() { DvrWindow = "48h" })).DvrWindow.ShouldBe("2d");
        (await channels.SetAsync("demo", new(Title: "Same"))).DvrWindow.ShouldBe("2d");
        (await channels.SetAsync("demo", new() { DvrWindow = "all" })).DvrWindow.ShouldBe("all");

        var refusal = await Should.ThrowAsync<OperationException>(() => channels.SetAsync("demo", new() { DvrWindow = "15d" }));
        refusal.ValidationErrors.ShouldHaveSingleItem().Message.ShouldContain("12h");
        (await channels.GetAsync("demo")).DvrWindow.ShouldBe("all");
    }

    [Fact]
    public async Task Audio_languages_keep_track_order_and_invalid_tags_are_rejected_with_a_reason()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);

        (await channels.CreateAsync("demo", new())).Channel.AudioLanguages.ShouldBeEmpty();
        (await channels.SetAsync("demo", new() { AudioLanguages = ["en", "und", "pt-BR"] })).AudioLanguages
            .ShouldBe(["en", "und", "pt-BR"]);
        (await channels.SetAsync("demo", new(Title: "Same"))).AudioLanguages.ShouldBe(["en", "und", "pt-BR"]);
        foreach (var wrong in new IReadOnlyList<string>[] { ["English (stereo)"], ["en,de"], [""], [.. Enumerable.Repeat("en", 9)] })
        {
            var refusal = await Should.ThrowAsync<OperationException>(() => channels.SetAsync("demo", new() { AudioLanguages = wrong }));
            refusal.ValidationErrors.ShouldHaveSingleItem().Message.ShouldContain("pt-BR");
        }

        (await channels.SetAsync("demo", new() { AudioLanguages = [] })).AudioLanguages.ShouldBeEmpty();
    }

    [Fact]
    public async Task Retention_is_normalized_and_an_invalid_one_is_rejected_with_a_reason()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);

        var made = (await channels.CreateAsync("demo", new())).Channel;
        (made.Record, made.Retention).ShouldBe((true, "forever"));
        (await channels.SetAsync("demo", new() { Retention = "48h" })).Retention.ShouldBe("2d");
        var off = await channels.SetAsync("demo", new() { Record = false });
        (off.Record, off.Retention).ShouldBe((false, "2d"));
        (await channels.SetAsync("demo", new() { Retention = "forever" })).Retention.ShouldBe("forever");

        var refusal = await Should.ThrowAsync<OperationException>(() => channels.SetAsync("demo", new() { Retention = "3651d" }));
        refusal.ValidationErrors.ShouldHaveSingleItem().Member.ShouldBe("retention");
        (await channels.CreateAsync("other", new() { Record = false, Retention = "12h" })).Channel.Retention.ShouldBe("12h");
    }

    [Fact]
    public async Task Channel_name_conflicts_until_its_channel_is_deleted()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);
        await channels.CreateAsync("demo", new());
        (await Should.ThrowAsync<OperationException>(() => channels.CreateAsync("demo", new()))).Code.ShouldBe(OperationErrorCode.Conflict);

        await channels.DeleteAsync("demo");

        (await channels.ListAsync()).ShouldBeEmpty();
        (await Should.ThrowAsync<OperationException>(() => channels.DeleteAsync("demo"))).Code.ShouldBe(OperationErrorCode.NotFound);
        await channels.CreateAsync("demo", new());
        (await channels.ListAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Every_invalid_member_is_listed_at_once()
    {
        await using var database = await postgres.OpenFreshAsync();
        var refusal = await Should.ThrowAsync<OperationException>(() =>
            new ChannelRepository(database, TimeProvider.System).CreateAsync(
                "Bad Name", new(new string('x', 201), "8k", "slow", TimeSpan.FromDays(2), "oldest", TimeSpan.FromSeconds(601))));

        refusal.ValidationErrors.Select(m => m.Member)
            .ShouldBe(["name", "title", "ladder", "latency", "reconnectWindowSeconds", "takeover", "takeoverAfterSeconds"]);
    }

    [Theory]
    [InlineData("nul\0")]
    [InlineData("line\nbreak")]
    [InlineData("lone \ud800 surrogate")]
    [InlineData("gpj.\u202Etitle")]
    [InlineData("isolate \u2067 that never ends")]
    [InlineData("line\u2028break")]
    public async Task Title_with_control_or_bidirectional_characters_is_rejected(string title)
    {
        await using var database = await postgres.OpenFreshAsync();
        (await Should.ThrowAsync<OperationException>(() =>
            new ChannelRepository(database, TimeProvider.System).CreateAsync("demo", new(title)))).Code
            .ShouldBe(OperationErrorCode.Invalid);
    }

    [Fact]
    public async Task Missing_channel_is_reported_as_not_found()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, TimeProvider.System);
        foreach (var action in (Func<Task>[])[() => channels.GetAsync("none"), () => channels.SetAsync("none", new()),
            () => channels.DeleteAsync("none")])
        {
            (await Should.ThrowAsync<OperationException>(action)).Message.ShouldContain("'none'");
        }
    }
}
