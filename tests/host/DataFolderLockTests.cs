using System.Runtime.Versioning;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class DataFolderLockTests
{
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Lock_file_of_the_data_folder_is_private_to_its_owner()
    {
        var folder = Directory.CreateTempSubdirectory("broadcast-claim-");
        try
        {
            using var claim = DataFolderLock.Acquire(new DataFolder(folder.FullName));
            File.GetUnixFileMode(Path.Combine(folder.FullName, "server.lock")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Public_URL_replaces_the_host_of_server_URLs_and_keeps_open_ports()
    {
        var here = new ServerUrls(Ready: true, "rtmp://127.0.0.1:1935", "rtmps://127.0.0.1:1936", "http://127.0.0.1:8080",
            "http://127.0.0.1:8090", "/data") { LanAddress = "192.0.2.7" };
        var there = here.WithPublicUrl("https://live.example.org:8443/");
        (there.Rtmp, there.Rtmps, there.Http).ShouldBe(
            ("rtmp://live.example.org:1935", "rtmps://live.example.org:1936", "https://live.example.org:8443"));
        there.Internal.ShouldBe(here.Internal);
        there.LanAddress.ShouldBeNull();
        here.WithPublicUrl("http://[2001:db8::7]").Rtmp.ShouldBe("rtmp://[2001:db8::7]:1935");
        here.WithPublicUrl(null).ShouldBe(here);
    }
}
