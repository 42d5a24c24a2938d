using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;
using Broadcast.Targets.Legs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Targets;

/// <summary>Registration of the module.</summary>
public static class TargetsModule
{
    /// <summary>Maximum time of each step of a connection before media.</summary>
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Adds <see cref="ITargetLegs"/> and shows the samples to them that the registered <see cref="IRenditionSink"/> gets. Needs an
    /// <see cref="OutboundConnector"/>; steady targets need <see cref="ISteadyEncoders"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">No <see cref="IRenditionSink"/> is registered by a factory.</exception>
    public static IServiceCollection AddTargets(this IServiceCollection services)
    {
        services.AddSingleton(p => new TargetLegs(new RtmpClientSettings
        {
            StepTimeout = StepTimeout, Time = p.GetRequiredService<TimeProvider>(), ChunkSize = ChunkSize,
            Connect = p.GetRequiredService<OutboundConnector>().ConnectAsync,
        }, p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<TargetLegs>>(), p.GetService<ISteadyEncoders>()));
        services.AddSingleton<ITargetLegs>(p => p.GetRequiredService<TargetLegs>());
        services.AddHostedService(p => p.GetRequiredService<TargetLegs>());
        var inner = services.LastOrDefault(service => service.ServiceType == typeof(IRenditionSink))?.ImplementationFactory
            ?? throw new InvalidOperationException($"{nameof(AddTargets)} needs a registered {nameof(IRenditionSink)}.");
        services.AddSingleton<IRenditionSink>(p => new TargetTap((IRenditionSink)inner(p), p.GetRequiredService<TargetLegs>()));
        return services;
    }

    /// <summary>Chunk size in bytes. Some servers reject larger ones.</summary>
    private const int ChunkSize = 4096;
}
