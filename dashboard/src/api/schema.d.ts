// Made of openapi.json by scripts/api-types.mjs: change the server, then `npm run api:renew`.

/** The shapes that stand in the JSON of /api/v1, by name. */
export interface Schemas {
  ActorView: {
    kind: string;
    id: string;
    name: string;
    address: string;
  };
  AudioSettings: {
    bitrate: number;
  };
  AudioTrackConfiguration: {
    codec: string;
    track_id: number;
    channels: number;
    settings: Schemas['AudioSettings'];
  };
  AudioTrackConfigurations: {
    live: Schemas['AudioTrackConfiguration'][];
    vod: Schemas['AudioTrackConfiguration'][] | null;
  };
  AuditView: {
    id: number;
    at: string;
    actor: Schemas['ActorView'];
    action: string;
    subject: string;
    detail: Record<string, string>;
  };
  CalendarFeedView: {
    id: string;
    channel: string | null;
    label: string;
    createdAt: string;
    lastUsedAt: string | null;
    revokedAt: string | null;
  };
  ChannelChange: {
    title?: string | null;
    ladder?: string | null;
    latency?: string | null;
    reconnectWindowSeconds?: number | null;
    takeover?: string | null;
    takeoverAfterSeconds?: number | null;
    access?: string | null;
    rewind?: string | null;
    record?: boolean | null;
    retention?: string | null;
    reminderMinutes?: number[] | null;
    announceEvents?: boolean | null;
    audioLanguages?: string[] | null;
  };
  ChannelEncoding: {
    /** Who encodes, for people; `null` while nobody does. */
    encoder: string | null;
    /** What is encoded, the largest first. */
    rungs: Schemas['ChannelRung'][];
    /** Names of rungs that were planned and are not encoded. */
    givenUp: string[];
    /** 0 to 2: how much quality is given up for speed. */
    haste: number;
    /** Whether half of the pictures is left out of all rungs. */
    halfRate: boolean;
    /** 0 where nothing is given up. */
    step: number;
    /** Why something was given up, or another encoder took over, last. */
    reason: string | null;
    /** How far the slowest rung is behind the source. */
    behindSeconds: number;
    /** Encoder processes after the first one. */
    restarts: number;
    /** Why viewers shall get an encoded copy of the source, which is the rung `source`; `null` where the source passes as it came. */
    copyReason?: string | null;
  };
  ChannelRung: {
    /** Its rendition's name. */
    name: string;
    /** Pixels across. */
    width: number;
    /** Pixels down. */
    height: number;
    /** What it is meant to have on average. */
    bitsPerSecond: number;
  };
  ChannelView: {
    name: string;
    title: string;
    ladder: string;
    latency: string;
    reconnectWindowSeconds: number;
    takeover: string;
    takeoverAfterSeconds: number;
    rewind: string;
    record: boolean;
    retention: string;
    access: string;
    reminderMinutes: number[];
    announceEvents: boolean;
    audioLanguages: string[];
    createdAt: string;
    live: Schemas['LiveView'] | null;
    inputs: Schemas['InputView'][];
    encoding: Schemas['ChannelEncoding'] | null;
  };
  ConfigurationMeta: {
    service: string;
    schema_version: string;
    config_id: string;
  };
  ConfigurationStatus: {
    result: string;
    html_en_us: string | null;
  };
  CreatedChannelView: {
    channel: Schemas['ChannelView'];
    streamKey: string;
  };
  DeletionView: {
    dryRun: boolean;
    recordings: string[];
    channel: string;
    session: string;
    sessionStartedAt: string;
    sessionEndedAt: string | null;
    mediaGoes: boolean;
    mediaKeptBy: string[];
    objects: number | null;
    bytes: number | null;
    countedAll: boolean;
  };
  DeliveryView: {
    id: number;
    event: string;
    type: string;
    channel: string | null;
    state: string;
    attempts: number;
    createdAt: string;
    triedAt: string | null;
    nextAt: string | null;
    status: number | null;
    fault: string | null;
    excerpt: string | null;
    seconds: number | null;
  };
  EncoderConfiguration: {
    meta: Schemas['ConfigurationMeta'];
    status: Schemas['ConfigurationStatus'];
    ingest_endpoints: Schemas['IngestEndpoint'][];
    encoder_configurations: Schemas['VideoTrackConfiguration'][];
    audio_configurations: Schemas['AudioTrackConfigurations'];
  };
  EncoderView: {
    encoder: string;
    vendor: string;
    codec: string;
    forRungs: boolean;
    works: boolean;
    refusal: string | null;
    provedAt: string;
    tookMilliseconds: number;
  };
  EndedView: {
    session: string | null;
  };
  EventChange: {
    title?: string | null;
    start?: string | null;
    end?: string | null;
    description?: string | null;
    poster?: string | null;
    timeZone?: string | null;
    recurrence?: string | null;
    ladder?: string | null;
    latency?: string | null;
    record?: string | null;
    access?: string | null;
    announced?: string | null;
    startMode?: string | null;
    previewSeconds?: number | null;
    graceSeconds?: number | null;
    overrun?: string | null;
    noShowSeconds?: number | null;
    reminderMinutes?: number[] | null;
  };
  EventStepView: {
    at: string;
    state: string;
    reason: string;
  };
  EventView: {
    id: string;
    kind: string;
    series: string | null;
    channel: string;
    title: string;
    description: string;
    poster: string;
    state: string;
    reason: string;
    stateSince: string;
    startsAt: string;
    endsAt: string;
    timeZone: string;
    localStart: string;
    recurrence: string | null;
    isChanged: boolean;
    ladder: string;
    latency: string;
    record: string;
    access: string;
    announced: string;
    startMode: string;
    previewSeconds: number;
    graceSeconds: number;
    overrun: string;
    noShowSeconds: number;
    reminderMinutes: number[];
    wentLiveAt: string | null;
    endedAt: string | null;
    lateSince: string | null;
    sessions: string[];
    revision: number;
    createdAt: string;
    updatedAt: string;
    pageUrl: string | null;
  };
  FindingView: {
    code: string;
    severity: string;
    advice: string;
    since: string;
  };
  HealthView: {
    sources: Schemas['SourceView'][];
  };
  IngestEndpoint: {
    protocol: string;
    url_template: string;
  };
  InputView: {
    role: string;
    state: string;
    onAir: boolean;
    since: string;
    bitsPerSecond: number | null;
  };
  IssuedFeedView: {
    info: Schemas['CalendarFeedView'];
    address: string;
  };
  IssuedKeyView: {
    key: Schemas['KeyView'];
    streamKey: string;
  };
  IssuedTokenView: {
    info: Schemas['TokenView'];
    token: string;
  };
  IssuedViewerKeyView: {
    key: Schemas['ViewerKeyView'];
    secret: string;
  };
  IssuedViewerTokenView: {
    info: Schemas['ViewerTokenView'];
    token: string;
    addresses: Schemas['PlaybackAddresses'];
  };
  IssuedWebhookView: {
    webhook: Schemas['WebhookView'];
    secret: string;
  };
  JsonElement: unknown;
  KeyRotation: {
    keyId?: string | null;
    overlapSeconds?: number | null;
  };
  KeyView: {
    id: string;
    role: string;
    label: string;
    createdAt: string;
    lastUsedAt: string | null;
    expiresAt: string | null;
    revokedAt: string | null;
  };
  KickedView: {
    encoders: number;
  };
  LiveView: {
    state: string;
    session: string | null;
    startedAt: string | null;
    viewers: number;
  };
  LoggedInView: {
    name: string;
  };
  LoginRequest: {
    name: string;
    password: string;
    code?: string | null;
  };
  LoginView: {
    id: string;
    current: boolean;
    createdAt: string;
    lastUsedAt: string;
    expiresAt: string;
    address: string;
    agent: string;
  };
  MeView: {
    kind: string;
    name: string;
    displayName: string;
    role: string;
    totp: boolean | null;
    login: string | null;
  };
  MeasurementView: {
    at: string;
    bitsPerSecond: number | null;
    framesPerSecond: number | null;
    keyframeIntervalSeconds: number | null;
    skewSeconds: number | null;
    encodingSpeed: number | null;
    encodingBehindSeconds: number | null;
    delaySeconds: number | null;
    viewers: number | null;
  };
  MeasurementsView: {
    /** From one row to the next while the channel is on air; 0 where nothing is measured. */
    intervalSeconds: number;
    /** The rows. */
    measurements: Schemas['MeasurementView'][];
  };
  MultitrackRequest: {
    service?: string | null;
    schema_version?: string | null;
    authentication: string;
    client?: unknown;
    capabilities?: unknown;
    preferences?: unknown;
  };
  NewCalendarFeed: {
    channel?: string | null;
    label?: string | null;
  };
  NewChannel: {
    name: string;
    title?: string | null;
    ladder?: string | null;
    latency?: string | null;
    reconnectWindowSeconds?: number | null;
    takeover?: string | null;
    takeoverAfterSeconds?: number | null;
    access?: string | null;
    rewind?: string | null;
    record?: boolean | null;
    retention?: string | null;
    reminderMinutes?: number[] | null;
    announceEvents?: boolean | null;
    audioLanguages?: string[] | null;
  };
  NewClip: {
    start: unknown;
    end?: unknown;
    title?: string | null;
    visibility?: string | null;
    retention?: string | null;
  };
  NewEvent: {
    title: string;
    channel: string;
    start: string;
    end: string;
    description?: string | null;
    poster?: string | null;
    timeZone?: string | null;
    recurrence?: string | null;
    ladder?: string | null;
    latency?: string | null;
    record?: string | null;
    access?: string | null;
    announced?: string | null;
    startMode?: string | null;
    previewSeconds?: number | null;
    graceSeconds?: number | null;
    overrun?: string | null;
    noShowSeconds?: number | null;
    reminderMinutes?: number[] | null;
  };
  NewKey: {
    role?: string | null;
    label?: string | null;
    expiresAt?: string | null;
  };
  NewPassword: {
    password: string;
  };
  NewToken: {
    role: string;
    label?: string | null;
    expiresAt?: string | null;
    channels?: string[] | null;
    scopes?: string[] | null;
  };
  NewUser: {
    name: string;
    password: string;
    role: string;
    displayName?: string | null;
  };
  NewViewerKey: {
    label?: string | null;
  };
  NewViewerToken: {
    expiresAt?: string | null;
    address?: string | null;
    label?: string | null;
    preview?: boolean | null;
  };
  NewWebhook: {
    url: string;
    label?: string | null;
    types?: string[] | null;
    channels?: string[] | null;
    enabled?: boolean | null;
  };
  OwnPassword: {
    old: string;
    password: string;
  };
  PictureRate: {
    numerator: number;
    denominator: number;
  };
  PlaybackAddresses: {
    /** The watch page. */
    watch: string;
    /** The page to embed. */
    embed: string;
    /** The multivariant playlist. */
    hls: string;
    /** The MPD. */
    dash: string;
  };
  ProblemDetails: {
    type?: string | null;
    title?: string | null;
    status?: number | null;
    detail?: string | null;
    instance?: string | null;
  };
  RecordingAddresses: {
    /** The multivariant playlist. */
    hls: string;
    /** The MPD. */
    dash: string;
    /** All of it as one MP4. */
    download: string;
    /** A picture. */
    poster: string;
    /** Small pictures for players' seek bars, as WebVTT. */
    thumbnails: string;
  };
  RecordingChangeBody: {
    title?: string | null;
    visibility?: string | null;
    access?: string | null;
    start?: unknown;
    end?: unknown;
    retention?: string | null;
  };
  RecordingUsage: {
    /** Sessions that have a recording or clip, the newest 2,000 at most. */
    sessions: number;
    /** How many of them were counted so far. */
    counted: number;
    /** Objects of those. */
    objects: number;
    /** Their bytes. */
    bytes: number;
    /** Whether that is all there is. */
    countedAll: boolean;
  };
  RecordingView: {
    id: string;
    channel: string;
    session: string;
    kind: string;
    title: string;
    visibility: string;
    access: string;
    state: string;
    startsAt: string;
    endsAt: string | null;
    durationSeconds: number | null;
    retention: string;
    expiresAt: string | null;
    createdAt: string;
    addresses: Schemas['RecordingAddresses'];
    /** What its session takes in spool and store; `null` where nobody asked, and while it is not counted. */
    bytes?: number | null;
  };
  RecoveryCodesView: {
    recoveryCodes: string[];
  };
  RevokedViewerTokenView: {
    id: string;
    madeHere: boolean;
  };
  SessionView: {
    id: string;
    epoch: number;
    latency: string;
    startedAt: string;
    lastPublicationEndedAt: string | null;
    endedAt: string | null;
    endReason: string | null;
    peakViewers: number;
  };
  SetupRequest: {
    code: string;
    name?: string | null;
    password?: string | null;
  };
  SourceAudioView: {
    codec: string;
    sampleRate: number;
    channels: number;
  };
  SourceJumpsView: {
    forward: number;
    back: number;
  };
  SourceVideoView: {
    codec: string;
    width: number;
    height: number;
    framesPerSecond: number;
    claimedFramesPerSecond: number | null;
    keyframeIntervalSeconds: number | null;
    longestKeyframeIntervalSeconds: number | null;
  };
  SourceView: {
    publication: string;
    session: string;
    encoder: string;
    since: string;
    lastMediaAt: string | null;
    bitsPerSecond: number;
    bitsPerSecondOfMinute: number;
    video: Schemas['SourceVideoView'] | null;
    audio: Schemas['SourceAudioView'] | null;
    skewSeconds: number;
    timestampJumps: Schemas['SourceJumpsView'];
    dropped: number;
    malformed: number;
    findings: Schemas['FindingView'][];
  };
  StorageStepView: {
    step: string;
    works: boolean;
    tookMilliseconds: number;
    problem: string | null;
  };
  StorageTestView: {
    works: boolean;
    testedAt: string;
    kind: string;
    place: string;
    tookMilliseconds: number;
    steps: Schemas['StorageStepView'][];
  };
  StorageView: {
    kind: string;
    place: string;
  };
  Stream: string;
  SystemView: {
    version: string;
    role: string;
    roles: string[];
    ladders: string[];
    latencies: string[];
    takeovers: string[];
    accesses: string[];
    rtmp: string | null;
    rtmps: string | null;
    publicUrl: string | null;
  };
  TimelineView: {
    /** Its place, to read on from. */
    id: string;
    /** When. */
    at: string;
    /** What happened. */
    type: string;
    /** The session it belongs to. */
    session: string | null;
    /** Who changed something: kind, id and name. */
    actor: string | null;
    /** What else there is to know. */
    data: Schemas['JsonElement'];
  };
  TokenView: {
    id: string;
    role: string;
    label: string;
    createdAt: string;
    lastUsedAt: string | null;
    expiresAt: string | null;
    revokedAt: string | null;
    channels: string[] | null;
    scopes: string[] | null;
  };
  TotpCode: {
    code: string;
  };
  TotpStart: {
    password: string;
  };
  TotpView: {
    secret: string;
    uri: string;
  };
  UserChangeBody: {
    displayName?: string | null;
    role?: string | null;
    disabled?: boolean | null;
  };
  UserView: {
    name: string;
    displayName: string;
    role: string;
    totp: boolean;
    createdAt: string;
    passwordChangedAt: string;
    lastLoginAt: string | null;
    disabledAt: string | null;
  };
  VideoTrackConfiguration: {
    type: string;
    width: number;
    height: number;
    framerate: Schemas['PictureRate'];
    settings: Record<string, unknown>;
    gpu_scale_type?: string | null;
    colorspace?: string | null;
    range?: string | null;
    format?: string | null;
    canvas_index?: number;
  };
  ViewerKeyView: {
    id: string;
    label: string;
    ofServer: boolean;
    createdAt: string;
    revokedAt: string | null;
  };
  ViewerTokenView: {
    id: string;
    label: string;
    address: string;
    createdAt: string;
    expiresAt: string | null;
    revokedAt: string | null;
    preview: boolean;
  };
  WebhookChange: {
    url?: string | null;
    label?: string | null;
    types?: string[] | null;
    channels?: string[] | null;
    enabled?: boolean | null;
  };
  WebhookRotation: {
    overlapSeconds?: number | null;
  };
  WebhookView: {
    id: string;
    url: string;
    label: string;
    types: string[];
    channels: string[];
    enabled: boolean;
    disabledReason: string | null;
    createdAt: string;
    oldSecretUntil: string | null;
    triedAt: string | null;
    failingSince: string | null;
    waiting: number;
    dropped: number;
  };
}

/** What each operation takes and answers. */
export interface Operations {
  /** Makes a secret for an authenticator app, which is shown this once. It asks for nothing until confirmTotp. */
  beginTotp: {
    method: 'POST';
    path: '/api/v1/me/totp';
    query: never;
    body: Schemas['TotpStart'];
    answer: Schemas['TotpView'];
  };
  /** Calls an event off, or a series with all occurrences that are to come. */
  cancelEvent: {
    method: 'POST';
    path: '/api/v1/events/{id}/cancel';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** Changes the members that are sent and leaves the others. */
  changeChannel: {
    method: 'PATCH';
    path: '/api/v1/channels/{name}';
    query: never;
    body: Schemas['ChannelChange'];
    answer: Schemas['ChannelView'];
  };
  /** Changes the members that are sent and leaves the others. A changed occurrence goes its own way; a changed series hands on to occurrences that are to come and were not changed by themselves. */
  changeEvent: {
    method: 'PATCH';
    path: '/api/v1/events/{id}';
    query: never;
    body: Schemas['EventChange'];
    answer: Schemas['EventView'];
  };
  /** Changes the members that are sent and leaves the others. 'start' and 'end' trim it: instants, or seconds from the session's begin (negative: back from its end), or 'begin' and 'end' to undo that. 'access' says who may watch it and all else of its session (public, token, webhook), once that is over. */
  changeRecording: {
    method: 'PATCH';
    path: '/api/v1/recordings/{id}';
    query: never;
    body: Schemas['RecordingChangeBody'];
    answer: Schemas['RecordingView'];
  };
  /** Changes the members that are sent and leaves the others. 'disabled' ends all their logins at once. The last admin stays one. */
  changeUser: {
    method: 'PATCH';
    path: '/api/v1/users/{name}';
    query: never;
    body: Schemas['UserChangeBody'];
    answer: Schemas['UserView'];
  };
  /** Changes the members that are sent and leaves the others. One that was switched off for its failures is on again with 'enabled' true. */
  changeWebhook: {
    method: 'PATCH';
    path: '/api/v1/webhooks/{id}';
    query: never;
    body: Schemas['WebhookChange'];
    answer: Schemas['WebhookView'];
  };
  /** Tells OBS Studio which tracks to encode and where to send them. Needs no token, but a stream key in 'authentication'; a refusal stands in 'status'. */
  configureMultitrack: {
    method: 'POST';
    path: '/api/v1/obs/multitrack';
    query: never;
    body: Schemas['MultitrackRequest'];
    answer: Schemas['EncoderConfiguration'];
  };
  /** Turns the second factor on by its first code. The answer has the recovery codes, which are shown this once. */
  confirmTotp: {
    method: 'POST';
    path: '/api/v1/me/totp/confirm';
    query: never;
    body: Schemas['TotpCode'];
    answer: Schemas['RecoveryCodesView'];
  };
  /** Makes an address that calendars subscribe to, for one channel or all; it is shown this once. */
  createCalendarFeed: {
    method: 'POST';
    path: '/api/v1/calendar-feeds';
    query: never;
    body: Schemas['NewCalendarFeed'];
    answer: Schemas['IssuedFeedView'];
  };
  /** Makes a channel with its first stream key, which is shown this once. */
  createChannel: {
    method: 'POST';
    path: '/api/v1/channels';
    query: never;
    body: Schemas['NewChannel'];
    answer: Schemas['CreatedChannelView'];
  };
  /** Cuts a clip out of the channel's recording in which it begins: the newest, unless 'start' is an instant before that. Without 'end' it ends now. */
  createChannelClip: {
    method: 'POST';
    path: '/api/v1/channels/{name}/clips';
    query: never;
    body: Schemas['NewClip'];
    answer: Schemas['RecordingView'];
  };
  /** Cuts a clip out of a recording, also while that is recorded. 'start' and 'end' are instants, or seconds from its begin (negative: back from its end). */
  createClip: {
    method: 'POST';
    path: '/api/v1/recordings/{id}/clips';
    query: never;
    body: Schemas['NewClip'];
    answer: Schemas['RecordingView'];
  };
  /** Plans an event; with a 'recurrence' (RFC 5545) a series, whose occurrences are made three months ahead. 'start' and 'end' are instants, or what clocks show in 'timeZone'. */
  createEvent: {
    method: 'POST';
    path: '/api/v1/events';
    query: never;
    body: Schemas['NewEvent'];
    answer: Schemas['EventView'];
  };
  /** Makes one more stream key, which is shown this once. */
  createKey: {
    method: 'POST';
    path: '/api/v1/channels/{name}/keys';
    query: never;
    body: Schemas['NewKey'];
    answer: Schemas['IssuedKeyView'];
  };
  /** Makes a token, which is shown this once. 'channels' and 'scopes' limit what it is for, beside its role. */
  createToken: {
    method: 'POST';
    path: '/api/v1/tokens';
    query: never;
    body: Schemas['NewToken'];
    answer: Schemas['IssuedTokenView'];
  };
  /** Makes a user with a first password. */
  createUser: {
    method: 'POST';
    path: '/api/v1/users';
    query: never;
    body: Schemas['NewUser'];
    answer: Schemas['UserView'];
  };
  /** Makes one more signing key, for viewer tokens that you sign yourself; its secret is shown this once. */
  createViewerKey: {
    method: 'POST';
    path: '/api/v1/channels/{name}/viewer-keys';
    query: never;
    body: Schemas['NewViewerKey'];
    answer: Schemas['IssuedViewerKeyView'];
  };
  /** Makes a token to watch the channel with, and the addresses that hold it, which are shown this once. */
  createViewerToken: {
    method: 'POST';
    path: '/api/v1/channels/{name}/viewer-tokens';
    query: never;
    body: Schemas['NewViewerToken'];
    answer: Schemas['IssuedViewerTokenView'];
  };
  /** Makes a webhook. The secret that its requests are signed with is shown this once. */
  createWebhook: {
    method: 'POST';
    path: '/api/v1/webhooks';
    query: never;
    body: Schemas['NewWebhook'];
    answer: Schemas['IssuedWebhookView'];
  };
  /** Deletes a channel with its keys, its sessions and their media; its encoder is sent away. */
  deleteChannel: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}';
    query: never;
    body: never;
    answer: void;
  };
  /** Removes an event, or a series with its occurrences; recordings stay. An occurrence is cancelled instead. */
  deleteEvent: {
    method: 'DELETE';
    path: '/api/v1/events/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Deletes a recording or clip, with 'clips=true' a session's clips too; the media go when nothing else of their session is left and that is over. With 'dryRun=true' it only tells what would go. */
  deleteRecording: {
    method: 'DELETE';
    path: '/api/v1/recordings/{id}';
    query: { dryRun?: string; clips?: string };
    body: never;
    answer: Schemas['DeletionView'];
  };
  /** Takes the channel's own slate away; it has the server's again. */
  deleteSlate: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/slate';
    query: never;
    body: never;
    answer: void;
  };
  /** Deletes a user and their logins. The last admin stays. */
  deleteUser: {
    method: 'DELETE';
    path: '/api/v1/users/{name}';
    query: never;
    body: never;
    answer: void;
  };
  /** Deletes a webhook with what waits for it and its log. */
  deleteWebhook: {
    method: 'DELETE';
    path: '/api/v1/webhooks/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Ends an event that is live or in preview, with its session; its encoder is sent away. */
  endEvent: {
    method: 'POST';
    path: '/api/v1/events/{id}/end';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** Ends one of your logins. */
  endMyLogin: {
    method: 'DELETE';
    path: '/api/v1/me/logins/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Ends the channel's open session now and sends its encoder away. */
  endSession: {
    method: 'POST';
    path: '/api/v1/channels/{name}/end';
    query: never;
    body: never;
    answer: Schemas['EndedView'];
  };
  /** Takes your second factor away; asks for one of its codes, or a recovery code. */
  endTotp: {
    method: 'POST';
    path: '/api/v1/me/totp/end';
    query: never;
    body: Schemas['TotpCode'];
    answer: void;
  };
  /** Ends one login of a user. */
  endUserLogin: {
    method: 'DELETE';
    path: '/api/v1/users/{name}/logins/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Ends all logins of a user. */
  endUserLogins: {
    method: 'DELETE';
    path: '/api/v1/users/{name}/logins';
    query: never;
    body: never;
    answer: void;
  };
  /** The events of a 'channel', or all, as iCalendar (RFC 5545). */
  getCalendar: {
    method: 'GET';
    path: '/api/v1/events.ics';
    query: { channel?: string };
    body: never;
    answer: void;
  };
  /** One channel. */
  getChannel: {
    method: 'GET';
    path: '/api/v1/channels/{name}';
    query: never;
    body: never;
    answer: Schemas['ChannelView'];
  };
  /** One event or series. 'pageUrl' is its page for viewers: there from when it is planned, or where it is not announced from when it is live; a series has none. */
  getEvent: {
    method: 'GET';
    path: '/api/v1/events/{id}';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** The states that an event went through, with the reasons. */
  getEventHistory: {
    method: 'GET';
    path: '/api/v1/events/{id}/history';
    query: never;
    body: never;
    answer: Schemas['EventStepView'][];
  };
  /** How the channel's encoders are doing, measured as they publish, with what to do where it could be better. */
  getHealth: {
    method: 'GET';
    path: '/api/v1/channels/{name}/health';
    query: never;
    body: never;
    answer: Schemas['HealthView'];
  };
  /** Whose request it is: a person's or a token's, and what they may do. */
  getMe: {
    method: 'GET';
    path: '/api/v1/me';
    query: never;
    body: never;
    answer: Schemas['MeView'];
  };
  /** What was measured of the channel in the last hour, oldest first, every 'intervalSeconds' while it was on air; 'after' (an instant) leaves out what is older. Kept in memory: a server that was started anew has none of before. */
  getMeasurements: {
    method: 'GET';
    path: '/api/v1/channels/{name}/measurements';
    query: { after?: string };
    body: never;
    answer: Schemas['MeasurementsView'];
  };
  /** One recording or clip. */
  getRecording: {
    method: 'GET';
    path: '/api/v1/recordings/{id}';
    query: never;
    body: never;
    answer: Schemas['RecordingView'];
  };
  /** What all recordings take in spool and store, as far as it is counted in a few seconds; counting goes on, so ask again while 'countedAll' is false. */
  getRecordingUsage: {
    method: 'GET';
    path: '/api/v1/recordings/usage';
    query: never;
    body: never;
    answer: Schemas['RecordingUsage'];
  };
  /** The channel's own slate: the file that was sent. */
  getSlate: {
    method: 'GET';
    path: '/api/v1/channels/{name}/slate';
    query: never;
    body: never;
    answer: void;
  };
  /** Where this server keeps media, as its configuration says. */
  getStorage: {
    method: 'GET';
    path: '/api/v1/storage';
    query: never;
    body: never;
    answer: Schemas['StorageView'];
  };
  /** The server's version, where encoders publish, your role, and the names that other requests use. 'publicUrl' is where viewers' pages are; null where none is configured, and they are where you asked. */
  getSystem: {
    method: 'GET';
    path: '/api/v1/system';
    query: never;
    body: never;
    answer: Schemas['SystemView'];
  };
  /** What happened on the channel, newest first: sessions, events, encoders that came and went, what was wrong, recordings, and for admins who changed what. 'before' reads on from an id. */
  getTimeline: {
    method: 'GET';
    path: '/api/v1/channels/{name}/timeline';
    query: { limit?: string; before?: string };
    body: never;
    answer: Schemas['TimelineView'][];
  };
  /** One user. */
  getUser: {
    method: 'GET';
    path: '/api/v1/users/{name}';
    query: never;
    body: never;
    answer: Schemas['UserView'];
  };
  /** One webhook. */
  getWebhook: {
    method: 'GET';
    path: '/api/v1/webhooks/{id}';
    query: never;
    body: never;
    answer: Schemas['WebhookView'];
  };
  /** Lets an event go live now, before its start or after it. */
  goLive: {
    method: 'POST';
    path: '/api/v1/events/{id}/go-live';
    query: never;
    body: never;
    answer: Schemas['EventView'];
  };
  /** Sends the channel's encoders away. The session stays open for them to come back; to keep one out, rotate or revoke its key. 409: another server has the channel on air; ask that one. */
  kickEncoders: {
    method: 'POST';
    path: '/api/v1/channels/{name}/kick';
    query: never;
    body: never;
    answer: Schemas['KickedView'];
  };
  /** Who changed what, newest first; of an 'actor' ('user', 'token/ID'), a 'subject' ('channel', 'channel/NAME') or an 'action' ('channel.create') where they are named. 'before' reads on from an id. */
  listAudit: {
    method: 'GET';
    path: '/api/v1/audit';
    query: { actor?: string; subject?: string; action?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['AuditView'][];
  };
  /** The addresses that calendars subscribe to, without their secrets, newest first. */
  listCalendarFeeds: {
    method: 'GET';
    path: '/api/v1/calendar-feeds';
    query: never;
    body: never;
    answer: Schemas['CalendarFeedView'][];
  };
  /** The channel's recordings and clips, newest first; as listRecordings. */
  listChannelRecordings: {
    method: 'GET';
    path: '/api/v1/channels/{name}/recordings';
    query: { session?: string; kind?: string; visibility?: string; q?: string; from?: string; to?: string; sizes?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['RecordingView'][];
  };
  /** All channels, by name. */
  listChannels: {
    method: 'GET';
    path: '/api/v1/channels';
    query: never;
    body: never;
    answer: Schemas['ChannelView'][];
  };
  /** What the webhook was told or is to be told, newest first; of a 'state' (waiting, delivered, failed). 'before' reads on from an id. */
  listDeliveries: {
    method: 'GET';
    path: '/api/v1/webhooks/{id}/deliveries';
    query: { state?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['DeliveryView'][];
  };
  /** The encoders that this server could use for rungs, those that work and, with the reason, those that do not. */
  listEncoders: {
    method: 'GET';
    path: '/api/v1/encoders';
    query: never;
    body: never;
    answer: Schemas['EncoderView'][];
  };
  /** Events by their start, occurrences of series one by one; those that end after 'from' and begin before 'to', on a 'channel', in a 'state', where they are named. 'after' reads on from an id. */
  listEvents: {
    method: 'GET';
    path: '/api/v1/events';
    query: { from?: string; to?: string; channel?: string; state?: string; after?: string; limit?: string };
    body: never;
    answer: Schemas['EventView'][];
  };
  /** The channel's stream keys without their secrets, newest first. */
  listKeys: {
    method: 'GET';
    path: '/api/v1/channels/{name}/keys';
    query: never;
    body: never;
    answer: Schemas['KeyView'][];
  };
  /** Where you are logged in, newest first. */
  listMyLogins: {
    method: 'GET';
    path: '/api/v1/me/logins';
    query: never;
    body: never;
    answer: Schemas['LoginView'][];
  };
  /** The occurrences of a series by their start; as listEvents. */
  listOccurrences: {
    method: 'GET';
    path: '/api/v1/events/{id}/occurrences';
    query: { from?: string; to?: string; state?: string; after?: string; limit?: string };
    body: never;
    answer: Schemas['EventView'][];
  };
  /** Recordings and clips, newest first; of a 'channel', 'session', 'kind' (session, clip) or 'visibility' where they are named, with 'q' in their title or their channel's, beginning from 'from' on and before 'to'. With 'sizes=true' each has the bytes that its session takes, as far as they are counted in a few seconds. 'before' reads on from an id. */
  listRecordings: {
    method: 'GET';
    path: '/api/v1/recordings';
    query: { channel?: string; session?: string; kind?: string; visibility?: string; q?: string; from?: string; to?: string; sizes?: string; before?: string; limit?: string };
    body: never;
    answer: Schemas['RecordingView'][];
  };
  /** The channel's sessions, newest first; 'before' reads on from a session's id. */
  listSessions: {
    method: 'GET';
    path: '/api/v1/channels/{name}/sessions';
    query: { limit?: string; before?: string };
    body: never;
    answer: Schemas['SessionView'][];
  };
  /** All tokens without their secrets, newest first. */
  listTokens: {
    method: 'GET';
    path: '/api/v1/tokens';
    query: never;
    body: never;
    answer: Schemas['TokenView'][];
  };
  /** Where a user is logged in, newest first. */
  listUserLogins: {
    method: 'GET';
    path: '/api/v1/users/{name}/logins';
    query: never;
    body: never;
    answer: Schemas['LoginView'][];
  };
  /** All users, by name. */
  listUsers: {
    method: 'GET';
    path: '/api/v1/users';
    query: never;
    body: never;
    answer: Schemas['UserView'][];
  };
  /** The keys that the channel's viewer tokens are signed with, without their secrets, newest first. */
  listViewerKeys: {
    method: 'GET';
    path: '/api/v1/channels/{name}/viewer-keys';
    query: never;
    body: never;
    answer: Schemas['ViewerKeyView'][];
  };
  /** The channel's viewer tokens without their signatures, newest first; 'before' reads on from an id. */
  listViewerTokens: {
    method: 'GET';
    path: '/api/v1/channels/{name}/viewer-tokens';
    query: { limit?: string; before?: string };
    body: never;
    answer: Schemas['ViewerTokenView'][];
  };
  /** All webhooks without their secrets, the oldest first. */
  listWebhooks: {
    method: 'GET';
    path: '/api/v1/webhooks';
    query: never;
    body: never;
    answer: Schemas['WebhookView'][];
  };
  /** What happens on all channels, as server-sent events: how things stand, then what changes. 'Last-Event-ID' reads on from there. */
  listen: {
    method: 'GET';
    path: '/api/v1/stream';
    query: never;
    body: never;
    answer: void;
  };
  /** What happens on one channel, as server-sent events: how things stand, then what changes. 'Last-Event-ID' reads on from there. */
  listenToChannel: {
    method: 'GET';
    path: '/api/v1/channels/{name}/stream';
    query: never;
    body: never;
    answer: void;
  };
  /** Logs a person in: the answer sets a cookie. Needs no token, but a name and password, and where the problem says 'needs: code', a code of their authenticator or a recovery code. */
  login: {
    method: 'POST';
    path: '/api/v1/login';
    query: never;
    body: Schemas['LoginRequest'];
    answer: Schemas['LoggedInView'];
  };
  /** Ends the login that the cookie is of. */
  logout: {
    method: 'POST';
    path: '/api/v1/logout';
    query: never;
    body: never;
    answer: void;
  };
  /** Proves all encoders anew by encoding a few pictures with each, and tells what came of it. Takes a second or two. */
  proveEncoders: {
    method: 'POST';
    path: '/api/v1/encoders/prove';
    query: never;
    body: never;
    answer: Schemas['EncoderView'][];
  };
  /** The events as iCalendar at an address that calendars subscribe to. Needs no token: the address is the secret. */
  readCalendarFeed: {
    method: 'GET';
    path: '/api/v1/calendars/{feed}/events.ics';
    query: never;
    body: never;
    answer: void;
  };
  /** Has something told once more, whatever became of it, under the same id. */
  replayDelivery: {
    method: 'POST';
    path: '/api/v1/webhooks/{id}/deliveries/{delivery}/replay';
    query: never;
    body: never;
    answer: Schemas['DeliveryView'];
  };
  /** Takes a user's second factor away, for whoever lost theirs. */
  resetUserTotp: {
    method: 'DELETE';
    path: '/api/v1/users/{name}/totp';
    query: never;
    body: never;
    answer: void;
  };
  /** Withdraws an address for good. */
  revokeCalendarFeed: {
    method: 'DELETE';
    path: '/api/v1/calendar-feeds/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Withdraws a stream key for good; its encoder is sent away. */
  revokeKey: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/keys/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Withdraws a token for good. */
  revokeToken: {
    method: 'DELETE';
    path: '/api/v1/tokens/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Withdraws a signing key for good, and all viewer tokens that were signed with it. */
  revokeViewerKey: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/viewer-keys/{id}';
    query: never;
    body: never;
    answer: void;
  };
  /** Withdraws a viewer token for good, also one that was signed elsewhere with a key of the channel. */
  revokeViewerToken: {
    method: 'DELETE';
    path: '/api/v1/channels/{name}/viewer-tokens/{id}';
    query: never;
    body: never;
    answer: Schemas['RevokedViewerTokenView'];
  };
  /** Makes a new key in place of an old one, which goes at once or, with an overlap, lets encoders in for a while longer. */
  rotateKey: {
    method: 'POST';
    path: '/api/v1/channels/{name}/keys/rotate';
    query: never;
    body: Schemas['KeyRotation'];
    answer: Schemas['IssuedKeyView'];
  };
  /** Makes a new secret, shown this once. The old one signs beside it for 'overlapSeconds' (a day, at most seven). */
  rotateWebhookSecret: {
    method: 'POST';
    path: '/api/v1/webhooks/{id}/rotate';
    query: never;
    body: Schemas['WebhookRotation'];
    answer: Schemas['IssuedWebhookView'];
  };
  /** Gives you another password; all your other logins end. */
  setMyPassword: {
    method: 'PUT';
    path: '/api/v1/me/password';
    query: never;
    body: Schemas['OwnPassword'];
    answer: void;
  };
  /** Gives the channel a slate of its own: the body is a PNG or JPEG picture, or an MP4 clip of at most 30 s, up to 16 MiB. It is proved by decoding it. */
  setSlate: {
    method: 'PUT';
    path: '/api/v1/channels/{name}/slate';
    query: never;
    body: never;
    answer: void;
  };
  /** Trades the set-up code that the server printed for the first admin token, and with 'name' and 'password' for a first admin who logs in as well. Needs no token; works once. */
  setUp: {
    method: 'POST';
    path: '/api/v1/setup';
    query: never;
    body: Schemas['SetupRequest'];
    answer: Schemas['IssuedTokenView'];
  };
  /** Gives a user another password; all their logins end. */
  setUserPassword: {
    method: 'PUT';
    path: '/api/v1/users/{name}/password';
    query: never;
    body: Schemas['NewPassword'];
    answer: void;
  };
  /** Writes, reads, lists and deletes one small object in the configured store, and tells how long each took and what went wrong. One at a time, and one in five seconds: 429 otherwise. */
  testStorage: {
    method: 'POST';
    path: '/api/v1/storage/test';
    query: never;
    body: never;
    answer: Schemas['StorageTestView'];
  };
  /** Sends a 'webhook.test' now and tells what came of it. */
  testWebhook: {
    method: 'POST';
    path: '/api/v1/webhooks/{id}/test';
    query: never;
    body: never;
    answer: Schemas['DeliveryView'];
  };
}
