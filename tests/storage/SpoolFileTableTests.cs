using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Listings of a spool with files of many sessions.</summary>
public sealed class SpoolFileTableTests
{
    private const int Sessions = 200;

    [Fact]
    public async Task Listing_and_deleting_a_session_examines_its_own_files_only()
    {
        await using var bench = new SpoolHarness();
        for (var session = 0; session < Sessions; session++)
        {
            bench.Write($"live/main/s{session}/source/1.m4s", [1]);
            bench.Write($"live/main/s{session}/source/2.m4s", [1, 2]);
            bench.Write($"journal/main/s{session}/00000001.jsonl", [1]);
        }

        var before = bench.Spool.ExaminedFiles;
        bench.Spool.List("live/main/s7/").Select(found => found.Name.Value)
            .ShouldBe(["live/main/s7/source/1.m4s", "live/main/s7/source/2.m4s"]);
        bench.Spool.List("live/main/s7/source/2").ShouldHaveSingleItem().Length.ShouldBe(2);
        bench.Spool.List("live/main/none/").ShouldBeEmpty();
        bench.Spool.DeleteAll("live/main/s7/");
        (bench.Spool.ExaminedFiles - before).ShouldBe(6);

        bench.Spool.List("live/main/s7/").ShouldBeEmpty();
        bench.Spool.List("journal/main/s7/").ShouldHaveSingleItem();
        bench.Spool.List("live/main/s70").Count.ShouldBe(2, "a prefix of several folders");
        bench.Spool.List("").Count.ShouldBe((3 * Sessions) - 2);
        bench.Spool.Open(ObjectName.Parse("live/main/s7/source/1.m4s"));
        bench.Spool.List("live/main/s7/").ShouldHaveSingleItem("a new file of the same name");
    }
}
