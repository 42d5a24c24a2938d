using Broadcast.Host.Diagnostics;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>The check of the object store by <c>doctor</c>.</summary>
public sealed class StoreCheckTests
{
    [Theory]
    [InlineData(0, "Good", "write, conditional write, read, list and delete work")]
    [InlineData(1, "Bad", "'keep' failed")]
    [InlineData(2, "Bad", "'keep' failed")]
    public async Task Store_that_accepts_a_conditional_write_twice_is_refused(int defect, string outcome, string observed)
    {
        using var folder = TempFolder.Create();
        var disk = StorageModule.CreateStore(new StorageOptions(), new DataFolder(folder.Path), TimeProvider.System);
        using var disposal = disk as IDisposable;

        var check = await StoreCheck.ObjectsAsync(new Store(disk, defect), "bucket", TimeProvider.System, CancellationToken.None);

        (check.Outcome.ToString(), check.Observed).ShouldBe((outcome, $"bucket: {observed}"));
        (check.Remedy?.Contains("Use one with conditional writes", StringComparison.Ordinal) ?? false).ShouldBe(defect > 0);
    }

    /// <summary>A store without a defect (0), that ignores the condition (1), or that does so for simultaneous writes alone (2).</summary>
    private sealed class Store(IObjectStore inner, int defect) : DelegatingStore(inner)
    {
        public override Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition,
            CancellationToken cancellationToken)
        {
            var isIgnored = defect == 1 || (defect == 2 && name.Value.EndsWith("contested", StringComparison.Ordinal));
            return base.PutAsync(name, bytes, isIgnored ? PutCondition.Replace : condition, cancellationToken);
        }
    }
}
