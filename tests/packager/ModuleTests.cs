using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Storage;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Sessions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager.Tests;

public class ModuleTests
{
    [Fact]
    public void Every_invalid_option_is_listed()
    {
        var errors = new PackagerOptionsValidator().Validate(null, new PackagerOptions
        {
            MaxRenditions = 0, MaxPartSamples = 1, MaxPartBytes = 1, MaxWaitingSamples = 0, MaxWaitingBytes = 0,
            JournalRotation = TimeSpan.Zero, JournalEvents = 1, IndexBlockDuration = TimeSpan.Zero,
            StoreTimeout = TimeSpan.Zero, RetryInterval = TimeSpan.Zero,
        }).Failures!.ToList();

        errors.Count.ShouldBe(typeof(PackagerOptions).GetProperties(System.Reflection.BindingFlags.Public
            | System.Reflection.BindingFlags.Instance).Length);
        errors.ShouldAllBe(error => error.StartsWith("Packager:", StringComparison.Ordinal));
        new PackagerOptionsValidator().Validate(null, new PackagerOptions()).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task One_object_is_sink_lifecycle_and_status_and_the_host_starts_the_recovery()
    {
        var spool = new FakeSpool();
        var services = new ServiceCollection().AddLogging().AddSingleton<ISpool>(spool).AddSingleton<IObjectStore>(spool.Store)
            .AddPackager(new ConfigurationBuilder().AddInMemoryCollection([new("Packager:MaxRenditions", "3")]).Build());
        await using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<IRenditionSink>().ShouldBeSameAs(provider.GetRequiredService<ISessionLifecycle>());
        provider.GetRequiredService<IPackagedSessions>().Current.ShouldBeEmpty();
        provider.GetRequiredService<IOptions<PackagerOptions>>().Value.MaxRenditions.ShouldBe(3);
        var recovery = provider.GetServices<IHostedService>().ShouldHaveSingleItem();
        await recovery.StartAsync(CancellationToken.None);
        await provider.GetRequiredService<ISessionLifecycle>()
            .EndAsync(ChannelName.Parse("main"), SessionId.New(Encoder.Noon), "over", CancellationToken.None);
        await recovery.StopAsync(CancellationToken.None);
    }
}
