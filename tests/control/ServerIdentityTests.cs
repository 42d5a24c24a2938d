using Broadcast.Control.Servers;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class ServerIdentityTests
{
    private readonly CapturingLogger _log = new();

    [Fact]
    public void Server_id_survives_a_restart_and_the_run_id_changes()
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
    public void Invalid_identity_file_is_logged_and_replaced(string text)
    {
        using var folder = TempFolder.Create();
        File.WriteAllText(folder.Sub(ServerIdentity.FileName), text);

        var made = Of(folder.Path).Id;

        _log.Lines.ShouldHaveSingleItem().ShouldContain(folder.Sub(ServerIdentity.FileName));
        Of(folder.Path).Id.ShouldBe(made);
    }

    [Fact]
    public void Server_without_a_data_folder_has_a_temporary_id() => Of("/nonexistent").Id.ShouldNotBe(Of("/nonexistent").Id);

    [Fact]
    public void Copied_data_folder_has_another_location()
    {
        using var folder = TempFolder.Create();
        using var copy = TempFolder.Create();
        var id = Of(folder.Path).Id;
        File.Copy(folder.Sub(ServerIdentity.FileName), copy.Sub(ServerIdentity.FileName));

        (Of(copy.Path).Id, Of(copy.Path).Location == Of(folder.Path).Location).ShouldBe((id, false));
    }

    [Fact]
    public void Clone_of_a_machine_has_another_location()
    {
        using var folder = TempFolder.Create();
        var machine = Of(folder.Path);
        var clone = new ServerIdentity(new DataFolder(folder.Path), _log.For<ServerIdentity>()) { BootId = Guid.NewGuid().ToString() };

        (clone.Id, clone.Location == machine.Location, machine.BootId.Length).ShouldBe((machine.Id, false, 36));
    }

    [Fact]
    public void Unsaved_server_id_lasts_until_the_next_start()
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
