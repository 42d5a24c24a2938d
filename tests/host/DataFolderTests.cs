using System.Runtime.Versioning;
using Broadcast.Host.Configuration;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

[SupportedOSPlatform("linux")]
public sealed class DataFolderTests
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public void New_data_folder_is_accessible_only_to_its_owner_unlike_created_parent_folders()
    {
        using var folder = TempFolder.Create();
        var path = ServerConfiguration.Data(folder.Sub("var", "broadcast")).Path;
        File.GetUnixFileMode(path).ShouldBe(Owner);
        File.GetUnixFileMode(folder.Sub("var")).ShouldNotBe(Owner);
    }

    [Fact]
    public void Existing_data_folder_keeps_its_mode()
    {
        using var folder = TempFolder.Create();
        var path = Directory.CreateDirectory(folder.Sub("data"), Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute).FullName;
        ServerConfiguration.Data(path).Path.ShouldBe(path);
        File.GetUnixFileMode(path).ShouldBe(Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
    }

    [Fact]
    public void Data_folder_that_cannot_be_created_is_reported_with_advice()
    {
        using var folder = TempFolder.Create();
        File.WriteAllText(folder.Sub("file"), "");
        Should.Throw<StartException>(() => ServerConfiguration.Data(folder.Sub("file", "data"))).Message.ShouldContain("--data DIR");
    }
}
