namespace Broadcast.Pipeline.Tests;

/// <summary>A test with its own pipeline, data folder and clock.</summary>
public abstract class PipelineTest : IAsyncLifetime
{
    private protected readonly TempFolder _folder = TempFolder.Create();
    private protected readonly ManualTimeProvider _time = new();
    private protected PipelineHarness _line = null!;

    public async ValueTask InitializeAsync() => _line = await PipelineHarness.StartAsync(_folder.Sub("data"), _time);

    public async ValueTask DisposeAsync()
    {
        await _line.DisposeAsync();
        await _folder.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
