using Broadcast.Host.Configuration;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class PublishDeadlinesTests
{
    [Theory]
    [InlineData]
    [InlineData("Authorization:Policy=webhook")]
    [InlineData("Control:TakeoverWait=00:00:06")]
    [InlineData("Control:TakeoverWait=00:00:10", "Ingest:AuthorizationTimeout=00:00:14", "Authorization:Policy=both")]
    public void Consistent_timeouts_are_accepted(params string[] settings) => Read(settings).ShouldBeNull();

    [Theory]
    [InlineData("00:00:09", "Control:TakeoverWait=00:00:08")]
    [InlineData("00:00:10", "Control:TakeoverWait=00:00:06", "Authorization:Policy=both")]
    [InlineData("00:00:03.5000000", "Ingest:AuthorizationTimeout=00:00:03")]
    [InlineData("00:00:07.5000000", "Control:LookupTimeout=00:00:05")]
    public void Takeover_longer_than_the_publish_timeout_is_rejected_at_startup_with_advice(string needed, params string[] settings)
    {
        var message = Read(settings).ShouldNotBeNull();
        message.ShouldContain("Ingest:AuthorizationTimeout is");
        message.ShouldContain("Control:TakeoverWait (");
        message.ShouldContain($"add up to {needed}");
        message.Contains("Authorization:Timeout", StringComparison.Ordinal).ShouldBe(settings.Contains("Authorization:Policy=both"));
    }

    /// <returns>Validation error of the configuration, or <see langword="null"/>.</returns>
    private static string? Read(string[] settings)
    {
        using var folder = TempFolder.Create();
        try
        {
            ServerConfiguration.Read(new DataFolder(folder.Path),
                settings.Select(s => s.Split('=')).ToDictionary(s => s[0], s => (string?)s[1], StringComparer.Ordinal));
            return null;
        }
        catch (StartException e)
        {
            return e.Message;
        }
    }
}
