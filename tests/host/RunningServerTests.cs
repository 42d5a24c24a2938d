using System.Runtime.Versioning;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class RunningServerTests
{
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Nobody_else_can_open_the_lock_of_a_data_folder_and_so_hold_it()
    {
        var folder = Directory.CreateTempSubdirectory("broadcast-claim-");
        try
        {
            using var claim = RunningServer.Claim(new DataFolder(folder.FullName));
            File.GetUnixFileMode(Path.Combine(folder.FullName, "server.lock")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
