using Broadcast.Control.Servers;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ServerIdentityTests
{
    private readonly RememberedLog _log = new();

    [Fact]
    public void A_server_has_the_same_number_after_a_restart_and_another_run()
    {
        using var folder = TempFolder.Create();
        var (before, after) = (Of(folder.Path), Of(folder.Path));

        after.Id.ShouldBe(before.Id);
        after.Run.ShouldNotBe(before.Run);
        after.Location.ShouldBe(before.Location);
        _log.Lines.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("server 1")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    public void A_file_that_holds_no_number_is_told_of_and_gets_a_new_one(string text)
    {
        using var folder = TempFolder.Create();
        File.WriteAllText(folder.Sub(ServerIdentity.FileName), text);

        var made = Of(folder.Path).Id;

        _log.Lines.ShouldHaveSingleItem().ShouldContain(folder.Sub(ServerIdentity.FileName));
        Of(folder.Path).Id.ShouldBe(made);
    }

    [Fact]
    public void Without_a_folder_it_has_a_number_for_this_run() => Of("/nonexistent").Id.ShouldNotBe(Of("/nonexistent").Id);

    [Fact]
    public void A_copied_folder_is_another_place()
    {
        using var folder = TempFolder.Create();
        using var copy = TempFolder.Create();
        var id = Of(folder.Path).Id;
        File.Copy(folder.Sub(ServerIdentity.FileName), copy.Sub(ServerIdentity.FileName));

        (Of(copy.Path).Id, Of(copy.Path).Location == Of(folder.Path).Location).ShouldBe((id, false));
    }

    [Fact]
    public void A_new_number_that_is_not_kept_lasts_until_the_next_start()
    {
        using var folder = TempFolder.Create();
        var identity = Of(folder.Path);
        var before = identity.Id;

        identity.Renew(persist: false);

        identity.Id.ShouldNotBe(before);
        Of(folder.Path).Id.ShouldBe(before);
    }

    private ServerIdentity Of(string folder) => new(new DataFolder(folder), _log.For<ServerIdentity>());
}
