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
    public void A_data_folder_is_made_for_its_owner_alone_and_the_folders_above_as_usual()
    {
        using var folder = TempFolder.Create();
        var path = ServerConfiguration.Data(folder.Sub("var", "broadcast")).Path;
        File.GetUnixFileMode(path).ShouldBe(Owner);
        File.GetUnixFileMode(folder.Sub("var")).ShouldNotBe(Owner);
    }

    [Fact]
    public void A_data_folder_that_is_there_keeps_the_mode_that_somebody_gave_it()
    {
        using var folder = TempFolder.Create();
        var path = Directory.CreateDirectory(folder.Sub("data"), Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute).FullName;
        ServerConfiguration.Data(path).Path.ShouldBe(path);
        File.GetUnixFileMode(path).ShouldBe(Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
    }

    [Fact]
    public void A_data_folder_that_cannot_be_made_is_told_with_what_to_do()
    {
        using var folder = TempFolder.Create();
        File.WriteAllText(folder.Sub("file"), "");
        Should.Throw<StartException>(() => ServerConfiguration.Data(folder.Sub("file", "data"))).Message.ShouldContain("--data DIR");
    }
}
