using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <content>Lists that take each other's place: of two, the newer stays.</content>
public abstract partial class ObjectStoreContract
{
    [Fact]
    public async Task Manifest_replaces_an_older_one_and_never_a_newer_one()
    {
        (await Replace("live/a/index.m3u8", 1, Rank(5))).ShouldBeTrue("there was none");
        (await Replace("live/a/index.m3u8", 2, Rank(6))).ShouldBeTrue("it is newer");
        (await Replace("live/a/index.m3u8", 3, Rank(6))).ShouldBeTrue("it is as new");
        (await ReadAll("live/a/index.m3u8")).ShouldBe(Bytes(3000, seed: 3));
        foreach (var older in (ManifestRank[])[Rank(5), Rank(6) with { Epoch = 1, LastSegment = 900 },
            Rank(9) with { Session = SessionId.Parse("01JN8D0000000000000000000A") }])
        {
            (await Replace("live/a/index.m3u8", 4, older)).ShouldBeFalse(older.ToString());
        }

        (await ReadAll("live/a/index.m3u8")).ShouldBe(Bytes(3000, seed: 3));
        (await Replace("live/a/index.m3u8", 5, Rank(6) with { IsEnded = true })).ShouldBeTrue("the end comes after the last");
        (await Replace("live/a/index.m3u8", 6, Rank(7))).ShouldBeTrue();
        (await Store.FindAsync(Name("live/a/index.m3u8"), default))!.Rank.ShouldBe(Rank(7));
        await using var content = await Store.OpenAsync(Name("live/a/index.m3u8"), 0, null, default);
        content!.Checksum.ShouldBe(Crc32C.Append(0, Bytes(3000, seed: 6)));
    }

    [Fact]
    public async Task Deleted_manifest_is_created_again()
    {
        await Replace("live/a/index.m3u8", 1, Rank(5));
        await Store.DeleteAsync([Name("live/a/index.m3u8")], default);
        (await Replace("live/a/index.m3u8", 2, Rank(4))).ShouldBeTrue();
        (await ReadAll("live/a/index.m3u8")).ShouldBe(Bytes(3000, seed: 2));
    }

    [Fact]
    public async Task Object_without_a_rank_is_older_than_any_manifest()
    {
        await Put("live/a/index.m3u8", Bytes(10));
        (await Store.FindAsync(Name("live/a/index.m3u8"), default))!.Rank.ShouldBeNull();
        (await Replace("live/a/index.m3u8", 2, Rank(1))).ShouldBeTrue();
    }

    [Fact]
    public async Task Newest_of_many_concurrent_manifest_writes_remains()
    {
        for (var round = 0; round < 3; round++)
        {
            var name = $"live/race{round}/index.m3u8";
            await Task.WhenAll(Enumerable.Range(1, 6).Select(i => Task.Run(() => Replace(name, i, Rank(i)))));
            (await ReadAll(name)).ShouldBe(Bytes(3000, seed: 6));
            (await Store.FindAsync(Name(name), default))!.Rank.ShouldBe(Rank(6));
        }
    }

    private protected static ManifestRank Rank(long last) => new(SessionId.Parse("01JN8E0000000000000000000A"), 2, last, IsEnded: false);

    private protected Task<bool> Replace(string name, int seed, ManifestRank rank) =>
        Store.ReplaceAsync(Name(name), Bytes(3000, seed), rank,
            ObjectHeaders.OfManifest(Name(name), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(3)), default);
}
