using Broadcast.Media.ControlToTranscoder;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Probing;
using Broadcast.Transcoder.Failover;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Steady;
using Broadcast.Transcoder.Thumbnails;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder;

/// <summary>Registration of the transcoder module.</summary>
public static class TranscoderModule
{
    /// <summary>
    /// Adds the stages between ingest and packager: <see cref="IPublicationSink"/>, which needs an <see cref="IRenditionSink"/>,
    /// <see cref="IChannelInputs"/> and <see cref="IEncoderStatuses"/>. Options come from the sections <c>Switch</c>, <c>Slate</c> and
    /// <c>Encoding</c>, validated at startup. Also adds the thumbnail service, which observes timelines as an <see cref="ITimelineSink"/>,
    /// reads from an <see cref="ISpool"/> and writes to an <see cref="IImageSink"/>; options from <c>Pictures</c>. Also adds
    /// <see cref="ISteadyEncoders"/>; options from <c>Steady</c>.
    /// </summary>
    public static IServiceCollection AddTranscoder(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<FailoverOptions>()
            .Bind(configuration.GetSection(FailoverOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<FailoverOptions>, FailoverOptionsValidator>();
        services.AddOptions<EncodingOptions>()
            .Bind(configuration.GetSection(EncodingOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<EncodingOptions>, EncodingOptionsValidator>();
        services.AddOptions<ThumbnailOptions>()
            .Bind(configuration.GetSection(ThumbnailOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<ThumbnailOptions>, ThumbnailOptionsValidator>();
        services.AddOptions<SteadyOptions>()
            .Bind(configuration.GetSection(SteadyOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<SteadyOptions>, SteadyOptionsValidator>();
        services.AddSingleton<ISteadyEncoders, SteadyEncoders>();
        services.AddSingleton<ThumbnailScheduler>();
        services.AddSingleton<ITimelineSink>(p => p.GetRequiredService<ThumbnailScheduler>());
        services.AddHostedService<ThumbnailService>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<EncoderSelector>();
        services.AddSingleton<IEncoderStatuses>(p => p.GetRequiredService<EncoderSelector>());
        services.AddHostedService(p => p.GetRequiredService<EncoderSelector>());
        services.AddSingleton<RunningEncoders>();
        services.AddSingleton<IChannelEncodings>(p => p.GetRequiredService<RunningEncoders>());
        services.AddSingleton<LadderTranscoder>();
        services.AddOptions<SlateOptions>()
            .Bind(configuration.GetSection(SlateOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<SlateOptions>, SlateOptionsValidator>();
        services.AddSingleton<ISlateValidator, SlateValidator>();
        services.AddSingleton(p => new SlateService(
            p.GetRequiredService<IOptions<SlateOptions>>(), p.GetRequiredService<IOptions<EncodingOptions>>(),
            p.GetService<IChannelSlates>(), p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<SlateService>>(), p.GetService<SlateEncoder>()));
        services.AddSingleton(p => new StillVideoStage(p.GetRequiredService<LadderTranscoder>(), p.GetRequiredService<SlateService>(),
            p.GetRequiredService<ILogger<StillVideoStage>>()));
        services.AddSingleton(p => new InputSwitch(
            p.GetRequiredService<StillVideoStage>(), p.GetRequiredService<IOptions<FailoverOptions>>(),
            p.GetRequiredService<SlateService>(), p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<InputSwitch>>()));
        services.AddHostedService(p => p.GetRequiredService<InputSwitch>());
        services.AddSingleton<IPublicationSink>(p => p.GetRequiredService<InputSwitch>());
        services.AddSingleton<IChannelInputs>(p => p.GetRequiredService<InputSwitch>());
        services.AddSingleton<IResumedSessions>(p => p.GetRequiredService<InputSwitch>());
        return services;
    }

    /// <summary>Creates a slate validator without a running server.</summary>
    /// <param name="options">Options with the path of ffmpeg.</param>
    /// <param name="time">The clock.</param>
    public static ISlateValidator CreateSlateValidator(EncodingOptions options, TimeProvider time) =>
        new SlateValidator(Options.Create(options), time, NullLogger<SlateValidator>.Instance);

    /// <summary>Creates an encoder prober without a running server; it probes on request.</summary>
    /// <param name="options">Options with the path of ffmpeg.</param>
    /// <param name="time">The clock.</param>
    public static IEncoderStatuses CreateEncoderStatuses(EncodingOptions options, TimeProvider time) =>
        new EncoderSelector(Options.Create(options), time, NullLogger<EncoderSelector>.Instance);
}
