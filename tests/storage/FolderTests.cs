using Broadcast.Storage.Objects;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class FolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("broadcast-folders-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Folder_removed_during_its_creation_is_created_again()
    {
        var folder = Path.Combine(_root, "live", "main", "session", "source");
        using var stop = new CancellationTokenSource();
        var removing = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                DiskTree.RemoveEmptyFolders(_root, folder);
            }
        });

        for (var i = 0; i < 30_000; i++)
        {
            DiskTree.MakeFolder(folder);
        }

        await stop.CancelAsync();
        await removing;
        DiskTree.MakeFolder(folder);
        Directory.Exists(folder).ShouldBeTrue();
    }

    [Fact]
    public void Folder_cannot_be_created_where_a_file_exists()
    {
        var path = Path.Combine(_root, "file");
        File.WriteAllText(path, "");

        Should.Throw<IOException>(() => DiskTree.MakeFolder(path));
    }
}
