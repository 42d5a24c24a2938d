using Broadcast.Media;
using Broadcast.Media.Files;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

/// <summary>Order of writing, flushing and handing over a file with <c>Spool:FlushToDisk</c>.</summary>
public sealed class FlushTests : ISpoolFileOwner, IDisposable
{
    private static readonly ObjectName Name = ObjectName.Parse("live/main/01KDVGGVP06P713BKXT5JCZGF6/source/1.m4s");
    private readonly TempFolder _root = TempFolder.Create();
    private readonly List<string> _steps = [];

    private string FilePath => Path.Combine(_root.Path, Name.Value);

    [Fact]
    public void Sealed_file_is_flushed_whole_then_renamed_and_its_folder_flushed_before_it_is_handed_over_for_upload()
    {
        Seal(flushes: true);
        _steps.ShouldBe(
        [
            "flush of 300 bytes under the open name",
            "flush of the folder with the sealed name",
            "handed over for upload",
        ]);
    }

    [Fact]
    public void Without_the_option_nothing_is_flushed()
    {
        Seal(flushes: false);
        _steps.ShouldBe(["handed over for upload"]);
    }

    [Fact]
    public void File_whose_flush_fails_is_reported_and_still_handed_over()
    {
        using var folder = new SpoolFolder(_root.Path, long.MaxValue, flushesToDisk: true)
        {
            FlushFile = _ => throw new IOException("The test's disk failed."),
        };
        Write(folder).Seal();
        _steps.ShouldBe(["could not seal: The test's disk failed.", "handed over for upload"]);
    }

    void ISpoolFileOwner.Sealed(SpoolFile file) => _steps.Add("handed over for upload");

    void ISpoolFileOwner.Forget(SpoolFile file)
    {
    }

    bool ISpoolFileOwner.ShouldRetain(SpoolFile file) => false;

    void ISpoolFileOwner.Retained(SpoolFile file)
    {
    }

    void ISpoolFileOwner.CouldNotSeal(SpoolFile file, Exception exception) => _steps.Add($"could not seal: {exception.Message}");

    void ISpoolFileOwner.CouldNotRemove(SpoolFile file, string path, Exception exception)
    {
    }

    public void Dispose() => _root.Dispose();

    private void Seal(bool flushes)
    {
        using var folder = new SpoolFolder(_root.Path, long.MaxValue, flushes)
        {
            FlushFile = handle =>
            {
                RandomAccess.FlushToDisk(handle);
                var name = File.Exists(FilePath + "~open") && !File.Exists(FilePath) ? "open" : "sealed";
                _steps.Add($"flush of {RandomAccess.GetLength(handle)} bytes under the {name} name");
            },
            FlushParent = path =>
            {
                AtomicFile.FlushFolder(path);
                path.ShouldBe(Path.GetDirectoryName(FilePath));
                _steps.Add($"flush of the folder with the {(File.Exists(FilePath) ? "sealed" : "open")} name");
            },
        };
        Write(folder).Seal();
    }

    private SpoolFile Write(SpoolFolder folder)
    {
        var file = new SpoolFile(Name, folder, new TailBufferPool(1 << 20, TimeSpan.FromSeconds(10), TimeProvider.System),
            TimeProvider.System, this);
        file.Open(isNew: true);
        file.Append([new byte[100]]);
        file.Append([new byte[200]]);
        return file;
    }
}
